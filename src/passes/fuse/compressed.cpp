// Compressed weights stay compressed. The chain that decompresses them, as NNCF and optimum-intel
// write it,
//
//   Constant (codes) -> Convert -> [Subtract (zero)] -> [Multiply (scale)] -> [Reshape] ->
//   [Convert] -> MatMul or Gather
//
// becomes one vireo.Decompress before anything is folded; a Gather from it becomes
// vireo.CompressedGather at once, and a product vireo.CompressedMatMul once its epilogue was found.
// What nobody takes is folded to numbers in the end.
#include "ops/fused/compressed.h"
#include "core/values.h"
#include "ops/fused/block_format.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

struct Chain {
  ops::CompressedWeights weights;
  std::vector<OutputRef> inputs;
};

bool is_code(element::Type type) {
  return type == element::u4 || type == element::i4 || type == element::u8 || type == element::i8 ||
         type == element::nf4 || type == element::f4e2m1;
}
bool is_half(element::Type type) { return type == element::f16 || type == element::bf16; }

bool is_stored(const Graph& g, OutputRef ref) { return g.arena->producer(ref).op == &constant_op; }

// A constant, perhaps converted: what was stored.
std::optional<OutputRef> stored(const Graph& g, OutputRef ref) {
  if (is_stored(g, ref)) return ref;
  const GraphNode* convert = made_by(g, ref, "Convert");
  if (convert && is_stored(g, convert->inputs[0])) return convert->inputs[0];
  return std::nullopt;
}

// The codes and the zero under a scale.
bool read_codes(const Graph& g, OutputRef ref, Chain& chain) {
  std::optional<OutputRef> zero;
  if (const GraphNode* subtract = made_by(g, ref, "Subtract")) {
    zero = stored(g, subtract->inputs[1]);
    if (!zero || !numpy_broadcast(g, *subtract)) return false;
    ref = subtract->inputs[0];
  }
  const GraphNode* convert = made_by(g, ref, "Convert");
  if (!convert || !is_stored(g, convert->inputs[0]) || !is_code(g.fact(convert->inputs[0]).type))
    return false;
  chain.inputs.insert(chain.inputs.begin(), convert->inputs[0]);
  chain.weights.has_zero = zero.has_value();
  if (zero) chain.inputs.push_back(*zero);
  return true;
}

bool read_scaled(const Graph& g, const GraphNode& multiply, Chain& chain) {
  if (!numpy_broadcast(g, multiply)) return false;
  for (size_t i = 0; i < 2; ++i) {
    const auto scale = stored(g, multiply.inputs[1 - i]);
    if (!scale || !g.fact(*scale).type.is_real() || is_code(g.fact(*scale).type)) continue;
    chain.weights.has_scale = true;
    chain.inputs = {*scale};
    if (read_codes(g, multiply.inputs[i], chain)) return true;
    chain = Chain();
  }
  return false;
}

bool keeps_elements(const GraphNode& n) {
  return is_public(n, "Reshape") || (is_public(n, "Convert") && n.fact().type.is_real());
}

// What an f32 value is decompressed from, if it is.
std::optional<Chain> chain_of(const Graph& g, OutputRef ref) {
  const PartialShape& shape = g.fact(ref).shape;
  if (!is_f32(g, ref) || !shape.is_static()) return std::nullopt;
  Chain chain;
  OutputRef at = ref;
  while (keeps_elements(g.arena->producer(at)) && !is_stored(g, g.arena->producer(at).inputs[0]))
    at = g.arena->producer(at).inputs[0];
  if (const GraphNode* multiply = made_by(g, at, "Multiply")) {
    if (!read_scaled(g, *multiply, chain)) return std::nullopt;
  } else if (const GraphNode* convert = made_by(g, at, "Convert")) {
    if (!is_stored(g, convert->inputs[0]) || !is_half(g.fact(convert->inputs[0]).type))
      return std::nullopt;
    chain.inputs = {convert->inputs[0]};
  } else if (g.arena->producer(at).op == &ops::block_dequantise_0) {
    const GraphNode& blocks = g.arena->producer(at);
    if (!is_stored(g, blocks.inputs[0])) return std::nullopt;
    chain.inputs = {blocks.inputs[0]};
    chain.weights.blocks =
        ops::kBlockFormatNames[static_cast<size_t>(blocks.attrs.as<ops::BlockDequantise>().format)];
    return g.fact(at).shape == shape ? std::optional(chain) : std::nullopt;
  } else {
    return std::nullopt;
  }
  const Shape dense = shape.to_shape();
  if (g.fact(chain.inputs[0]).shape != shape)
    chain.weights.shape.assign(dense.begin(), dense.end());
  return chain;
}

// Whether kernels multiply by it: rows of groups of 32 k, or of one group.
bool has_geometry(const Graph& g, const Chain& chain, OutputRef numbers, bool rows_first) {
  if (rank_of(g, numbers) != 2) return false;
  if (!chain.weights.blocks.empty()) return rows_first;
  const auto shape_of = [&](size_t i) { return g.fact(chain.inputs[i]).shape.to_shape(); };
  const Shape codes = shape_of(0), scale = chain.weights.has_scale ? shape_of(1) : Shape(),
              zero = chain.weights.has_zero ? shape_of(1 + chain.weights.has_scale) : Shape();
  const auto geometry = ops::weight_geometry(codes, chain.weights.has_scale ? &scale : nullptr,
                                             chain.weights.has_zero ? &zero : nullptr, rows_first);
  if (!geometry || geometry->n == 0 || geometry->k == 0) return false;
  const Shape numbers_shape = g.fact(numbers).shape.to_shape();
  return int64_t(numbers_shape[rows_first ? 0 : 1]) == geometry->n &&
         (geometry->groups == 1 || geometry->k / geometry->groups % 32 == 0);
}

OutputRef decompress(Patch& patch, const Chain& chain) {
  ops::Decompress attrs;
  static_cast<ops::CompressedWeights&>(attrs) = chain.weights;
  return patch.add(ops::decompress_0, attrs, chain.inputs);
}

bool is_float_chain(const Chain& chain) {
  return !chain.weights.has_scale && chain.weights.blocks.empty();
}

// 16-bit floats are kept where a cache says that one row at a time is to come; else many rows gain
// by packing them once.
bool keeps_floats(const Graph& g, OutputRef activation) {
  return !g.variables.empty() && !g.fact(activation).shape.is_static();
}

bool product(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (rank_of(g, n.inputs[0]) < 2 || is_constant(g, n.inputs[0]) || !is_f32(g, n.inputs[0]) ||
      bool_attr(n, "transpose_a", false))
    return false;
  const auto chain = chain_of(g, n.inputs[1]);
  if (!chain || !has_geometry(g, *chain, n.inputs[1], bool_attr(n, "transpose_b", false)))
    return false;
  if (is_float_chain(*chain) && !keeps_floats(g, n.inputs[0])) return false;
  replace_with(patch, id, remake(patch, g, id, n.attrs, {n.inputs[0], decompress(patch, *chain)}));
  return true;
}

bool rows(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (is_constant(g, n.inputs[1]) || !is_scalar(g, n.inputs[2], 0) ||
      number_attr(n, "batch_dims", 0) != 0)
    return false;
  const auto chain = chain_of(g, n.inputs[0]);
  if (!chain || !has_geometry(g, *chain, n.inputs[0], true)) return false;
  ops::CompressedGather attrs;
  static_cast<ops::CompressedWeights&>(attrs) = chain->weights;
  std::vector<OutputRef> inputs = chain->inputs;
  inputs.push_back(n.inputs[1]);
  replace_with(patch, id, patch.add(ops::compressed_gather_0, attrs, inputs));
  return true;
}

bool multiply(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode& made = g.arena->producer(n.inputs[1]);
  const auto& product = n.attrs.as<ops::FusedMatMul>();
  if (made.op != &ops::decompress_0 || product.transpose_a) return false;
  ops::CompressedMatMul attrs;
  static_cast<ops::FusedMatMul&>(attrs) = product;
  attrs.weights = made.attrs.as<ops::Decompress>();
  attrs.weights.code_type = g.fact(made.inputs[0]).type;
  std::vector<OutputRef> inputs = {n.inputs[0]};
  inputs.insert(inputs.end(), made.inputs.begin(), made.inputs.end());
  inputs.insert(inputs.end(), n.inputs.begin() + 2, n.inputs.end());
  replace_with(patch, id, patch.add(ops::compressed_matmul_0, attrs, inputs));
  return true;
}

}  // namespace

void add_compressed_weights(std::vector<Rule>& rules) {
  rules.push_back({"keep-compressed-weights", {"MatMul"}, product});
  rules.push_back({"keep-compressed-rows", {"Gather"}, rows});
}

void add_compressed_products(std::vector<Rule>& rules) {
  rules.push_back({"multiply-compressed-weights", {"vireo.MatMul"}, multiply});
}

}  // namespace vireo::passes
