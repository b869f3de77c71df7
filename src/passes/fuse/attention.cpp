// Attention.
//
//   q ─ scale ─┐                   mask ┐
//   k ─ scale ─ MatMul ─ scale ─ Add or Select ... ─ Softmax ─┐
//   v ──────────────────────────────────────────────────────── MatMul      becomes vireo.Attention
//
// and so does the public operator. Heads are read from [batch, sequence, heads, depth] where they
// were transposed from there. The fused operator broadcasts batches, lengths and masks as the chain
// does, so nothing need be known of them; heads must be known to be alike.
#include <cmath>

#include "core/values.h"
#include "ops/activation/activation.h"
#include "ops/attention/attention.h"
#include "ops/fused/fused.h"
#include "ops/matmul/matmul.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

using Order = std::vector<int64_t>;

const Order kHeadsFirst{0, 2, 1, 3};
constexpr int kMostMasks = 3;

// A value as a transposition of another: all Transposes above it in one.
struct Moved {
  OutputRef source;
  Order order;  // axis i is axis order[i] of the source
};

Moved above_transposes(const Graph& g, OutputRef ref, Order order) {
  for (const GraphNode* n = made_by(g, ref, "Transpose"); n; n = made_by(g, ref, "Transpose")) {
    const auto moves = ints(g, n->inputs[1]);
    if (!moves || moves->size() != order.size()) break;
    for (int64_t& axis : order) axis = (*moves)[size_t(axis)];
    ref = n->inputs[0];
  }
  return {ref, order};
}

// Something added to the scores, or a condition under which they are replaced.
struct Mask {
  OutputRef value;  // added; or boolean: where it is true the scores stay (`keeps`) or go
  bool boolean = false, keeps = true;
  OutputRef fill;  // what hidden scores become
};

struct Match {
  OutputRef q, k, v;
  std::vector<Mask> masks;
  bool k_across = false;  // k is [.., D, T]
  double scale = 1;
  std::vector<NodeId> nodes;
};

// Takes multiplications and divisions by numbers off, from the scores or from q and k.
OutputRef without_scale(const Graph& g, OutputRef ref, Match& m) {
  while (true) {
    const GraphNode& n = g[ref.node];
    const bool product = is_public(n, "Multiply"), quotient = is_public(n, "Divide");
    if ((!product && !quotient) || !single_use(g, ref)) return ref;
    const size_t data = product && scalar(g, n.inputs[0]) ? 1 : 0;
    const auto by = scalar(g, n.inputs[1 - data]);
    if (!by || *by == 0 || rank_of(g, n.inputs[data]) != rank_of(g, ref)) return ref;
    m.scale *= product ? *by : 1 / *by;
    m.nodes.push_back(ref.node);
    ref = n.inputs[data];
  }
}

const GraphNode* product_of(const Graph& g, OutputRef ref) {
  const GraphNode* n = made_by(g, ref, "MatMul");
  return n && single_use(g, ref) && !n->attrs.as<ops::MatMul>().transpose_a ? n : nullptr;
}

// A score that is replaced by so much below zero swallows what is added to it, in any row.
constexpr double kSwallows = -1e30;

bool match_scores(const Graph& g, OutputRef ref, Match& m, int depth);

bool match_added(const Graph& g, OutputRef ref, Match& m, int depth) {
  const GraphNode& add = g[ref.node];
  for (size_t i = 0; i < 2; ++i) {
    Match tried = m;
    const OutputRef mask = add.inputs[1 - i];
    if (!is_f32(g, mask) || rank_of(g, mask) < 0 || rank_of(g, mask) > rank_of(g, add.inputs[i]))
      continue;
    tried.masks.push_back({mask, false, true, {}});
    tried.nodes.push_back(ref.node);
    if (!match_scores(g, add.inputs[i], tried, depth)) continue;
    m = tried;
    return true;
  }
  return false;
}

bool match_selected(const Graph& g, OutputRef ref, Match& m, int depth) {
  const GraphNode& select = g[ref.node];
  for (size_t data : {1, 2}) {
    const OutputRef scores = select.inputs[data], fill = select.inputs[3 - data],
                    condition = select.inputs[0];
    const auto value = scalar(g, fill);
    if (!value || *value > kSwallows || rank_of(g, condition) < 0 ||
        rank_of(g, condition) > rank_of(g, scores) || rank_of(g, ref) != rank_of(g, scores))
      continue;
    Match tried = m;
    tried.masks.push_back({condition, true, data == 1, fill});
    tried.nodes.push_back(ref.node);
    if (!match_scores(g, scores, tried, depth)) continue;
    m = tried;
    return true;
  }
  return false;
}

// Scores: masks and scale over q k^T.
bool match_scores(const Graph& g, OutputRef ref, Match& m, int depth) {
  const GraphNode& top = g[ref.node];
  if (depth > 0 && single_use(g, ref) && numpy_broadcast(g, top)) {
    if (is_public(top, "Add")) return match_added(g, ref, m, depth - 1);
    if (is_public(top, "Select")) return match_selected(g, ref, m, depth - 1);
  }
  ref = without_scale(g, ref, m);
  const GraphNode* product = product_of(g, ref);
  if (!product) return false;
  m.nodes.push_back(ref.node);
  m.q = without_scale(g, product->inputs[0], m);
  m.k = without_scale(g, product->inputs[1], m);
  m.k_across = !product->attrs.as<ops::MatMul>().transpose_b;
  return true;
}

// All masks as one: boolean if it is the only one and hides for good, else what is to be added.
OutputRef joined_masks(Patch& patch, const Graph& g, const std::vector<Mask>& masks) {
  const auto hides = [&](const Mask& m) {
    return !m.fill.valid() || std::isinf(*scalar(g, m.fill));
  };
  if (masks.size() == 1 && masks[0].boolean && hides(masks[0]))
    return masks[0].keeps ? masks[0].value : add_public(patch, "LogicalNot", {masks[0].value});
  OutputRef sum;
  for (const Mask& m : masks) {
    OutputRef part = m.value;
    if (m.boolean) {
      const OutputRef zero = patch.constant(make_tensor<double>(element::f32, {}, {0}));
      const OutputRef fill =
          patch.constant(make_tensor<double>(element::f32, {}, {*scalar(g, m.fill)}));
      part = add_public(patch, "Select", {part, m.keeps ? zero : fill, m.keeps ? fill : zero});
    }
    sum = sum.valid() ? add_public(patch, "Add", {sum, part}) : part;
  }
  return sum;
}

OutputRef transposed_to(Patch& patch, const Moved& m) {
  for (size_t i = 0; i < m.order.size(); ++i)
    if (m.order[i] != int64_t(i))
      return add_public(patch, "Transpose", {m.source, i64_constant(patch, m.order)});
  return m.source;
}

OutputRef emit(Patch& patch, const Graph& g, const Match& m, ops::FusedAttention a, size_t rank) {
  Order plain, across;
  for (size_t i = 0; i < rank; ++i) plain.push_back(int64_t(i));
  across = plain;
  std::swap(across[rank - 1], across[rank - 2]);
  const Moved q = above_transposes(g, m.q, plain),
              k = above_transposes(g, m.k, m.k_across ? across : plain),
              v = above_transposes(g, m.v, plain);
  const bool bshd = q.order == kHeadsFirst && k.order == kHeadsFirst && v.order == kHeadsFirst;
  a.layout = bshd ? ops::HeadLayout::Bshd : ops::HeadLayout::Bhsd;
  a.scale = m.scale;
  a.has_mask = !m.masks.empty();
  std::vector<OutputRef> inputs;
  if (bshd) {
    inputs = {q.source, k.source, v.source};
  } else {
    inputs = {m.q, m.k_across ? transposed_to(patch, k) : m.k, m.v};
  }
  if (a.has_mask) inputs.push_back(joined_masks(patch, g, m.masks));
  // Without a batch axis of its own the heads are one: [1, H, S, D].
  if (rank == 3)
    for (OutputRef& in : inputs)
      if (rank_of(g, in) == 3) in = add_public(patch, "Unsqueeze", {in, i64_constant(patch, {0})});
  OutputRef out = patch.add(ops::fused_attention_0, a, inputs);
  for (NodeId id : m.nodes) patch.credit(out.node, id);
  if (rank == 3) out = add_public(patch, "Squeeze", {out, i64_constant(patch, {0})});
  if (bshd) out = add_public(patch, "Transpose", {out, i64_constant(patch, kHeadsFirst)});
  return out;
}

bool is_one_or(const Dimension& d, const Dimension& other) {
  return d == Dimension(1) || d.same(other);
}

// q, k and v are of this rank and vary, with as many heads or one that serves all. With three axes
// the heads are the first.
bool heads_fit(const Graph& g, const Match& m, int64_t rank) {
  const size_t axis = rank == 4 ? 1 : 0;
  for (OutputRef in : {m.q, m.k, m.v})
    if (rank_of(g, in) != rank || is_constant(g, in)) return false;
  const Dimension &q = g.fact(m.q).shape[axis], &k = g.fact(m.k).shape[axis],
                  &v = g.fact(m.v).shape[axis];
  return is_one_or(k, q) && k.same(v);
}

bool spelled_out(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op->version == 0 || !is_f32(g, {id, 0})) return false;
  const auto& product = n.attrs.as<ops::MatMul>();
  const GraphNode* softmax = made_by(g, n.inputs[0], "Softmax");
  const int64_t rank = rank_of(g, {id, 0});
  if (!softmax || product.transpose_a || product.transpose_b || (rank != 3 && rank != 4) ||
      !single_use(g, n.inputs[0]))
    return false;
  const int64_t axis = softmax->attrs.as<ops::Softmax>().axis;
  if (axis != -1 && axis != rank - 1) return false;
  Match m;
  m.v = n.inputs[1];
  m.nodes = {id, n.inputs[0].node};
  if (!match_scores(g, softmax->inputs[0], m, kMostMasks) || !heads_fit(g, m, rank)) return false;
  replace_with(patch, id, emit(patch, g, m, {}, size_t(rank)));
  return true;
}

bool public_operator(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const int64_t rank = rank_of(g, {id, 0});
  if (!is_f32(g, {id, 0}) || n.inputs.size() > 5 || (rank != 3 && rank != 4)) return false;
  Match m;
  m.q = n.inputs[0], m.k = n.inputs[1], m.v = n.inputs[2];
  m.nodes = {id};
  if (!heads_fit(g, m, rank)) return false;
  ops::FusedAttention a;
  a.causal = n.attrs.as<ops::ScaledDotProductAttention>().causal;
  if (n.inputs.size() > 3 && !a.causal) {
    const Fact& mask = g.fact(n.inputs[3]);
    const bool boolean = mask.type == element::boolean;
    if ((!boolean && mask.type != element::f32) || rank_of(g, n.inputs[3]) < 0 ||
        rank_of(g, n.inputs[3]) > rank)
      return false;
    // A scalar 0 stands for no mask, and so does a mask without elements.
    if (mask.shape.is_dynamic() ? mask.shape.size() == 1 : shape_size(mask.shape.to_shape()) == 0)
      return false;
    if (boolean || !is_scalar(g, n.inputs[3], 0, 0))
      m.masks.push_back({n.inputs[3], boolean, true, {}});
  }
  const Dimension& depth = g.fact(m.q).shape[size_t(rank - 1)];
  const auto given = n.inputs.size() > 4 ? scalar(g, n.inputs[4]) : std::nullopt;
  if (n.inputs.size() > 4 ? !given : depth.is_dynamic() || depth.get_length() == 0) return false;
  m.scale = given ? *given : 1 / std::sqrt(double(depth.get_length()));
  replace_with(patch, id, emit(patch, g, m, a, size_t(rank)));
  return true;
}

}  // namespace

void add_attention(std::vector<Rule>& rules) {
  rules.push_back({"attention", {"MatMul"}, spelled_out});
  rules.push_back({"attention-operator", {"ScaledDotProductAttention"}, public_operator});
}

}  // namespace vireo::passes
