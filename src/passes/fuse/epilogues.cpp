// What follows a convolution or a matrix product moves into it: scale, bias, residual, activation;
// and a Pad before a window.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "ops/fused/fused.h"
#include "ops/movement/movement.h"
#include "passes/fuse/activation_of.h"
#include "passes/match.h"
#include "passes/stages.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

// A fused product with what it does at its end, whichever of the three operators it is.
struct Product {
  NodeId id;
  const GraphNode* node;
  OutputRef bias, residual;
  bool has_bias = false, has_residual = false;
  ops::Activation activation;

  bool is_matmul() const { return node->op == &ops::fused_matmul_0; }
};

template <typename A>
void read(Product& p, const A& a) {
  p.has_bias = a.has_bias;
  p.has_residual = a.has_residual;
  p.activation = a.activation;
  if (a.has_bias) p.bias = p.node->inputs[2];
  if (a.has_residual) p.residual = p.node->inputs[2 + a.has_bias];
}

template <typename A>
Attrs written(const Product& p, A a) {
  a.has_bias = p.has_bias;
  a.has_residual = p.has_residual;
  a.activation = p.activation;
  return a;
}

// The product that `ref` is, if nobody else reads it and no activation is in the way.
std::optional<Product> open_product(const Graph& g, OutputRef ref) {
  const GraphNode& n = g[ref.node];
  if (n.op->version != 0 || !single_use(g, ref)) return std::nullopt;
  Product p{ref.node, &n, {}, {}};
  if (n.op == &ops::fused_conv_0)
    read(p, n.attrs.as<ops::FusedConv>());
  else if (n.op == &ops::fused_conv_transpose_0)
    read(p, n.attrs.as<ops::FusedConvTranspose>());
  else if (n.op == &ops::fused_matmul_0)
    read(p, n.attrs.as<ops::FusedMatMul>());
  else
    return std::nullopt;
  if (p.activation) return std::nullopt;
  return p;
}

// The product with changed weights or epilogue takes the place of node `id`.
bool replace_product(Patch& patch, NodeId id, const Product& p, OutputRef weights) {
  const GraphNode& n = *p.node;
  Attrs attrs = n.op == &ops::fused_conv_0 ? written(p, n.attrs.as<ops::FusedConv>())
                : n.op == &ops::fused_conv_transpose_0
                    ? written(p, n.attrs.as<ops::FusedConvTranspose>())
                    : written(p, n.attrs.as<ops::FusedMatMul>());
  std::vector<OutputRef> inputs{n.inputs[0], weights};
  if (p.has_bias) inputs.push_back(p.bias);
  if (p.has_residual) inputs.push_back(p.residual);
  const OutputRef made = patch.add(*n.op, std::move(attrs), std::move(inputs));
  patch.credit(made.node, p.id);
  replace_with(patch, id, made);
  return true;
}

// One number per output channel (the last axis) from a constant that broadcasts so; empty if it
// does not.
std::vector<float> per_channel(const Graph& g, OutputRef constant, const PartialShape& out) {
  const Tensor& t = value_of(g, constant);
  if (!t || !t.get_element_type().is_real() || !out.rank_is_static()) return {};
  const Shape& s = t.get_shape();
  if (s.size() > out.size()) return {};
  for (size_t i = 0; i + 1 < s.size(); ++i)
    if (s[i] != 1) return {};
  const Dimension& channels = out[out.size() - 1];
  if (t.get_size() != 1 && channels != Dimension(int64_t(t.get_size()))) return {};
  const std::vector<double> v = load<double>(t);
  std::vector<float> f(v.begin(), v.end());
  if (f.size() == 1 && channels.is_static()) f.resize(size_t(channels.get_length()), f[0]);
  return f;
}

OutputRef vector_constant(Patch& patch, const std::vector<float>& v) {
  Tensor t(element::f32, {v.size()});
  std::copy(v.begin(), v.end(), t.data<float>());
  return patch.constant(t);
}

size_t channel_axis(const Graph& g, const Product& p) {
  if (!p.is_matmul()) return 0;
  const size_t rank = g.fact(p.node->inputs[1]).shape.size();
  return p.node->attrs.as<ops::FusedMatMul>().transpose_b ? rank - 2 : rank - 1;
}

bool scale(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const bool divides = n.is("Divide");
  for (size_t i = 0; i < (divides ? 1 : 2); ++i) {
    auto p = open_product(g, n.inputs[i]);
    if (!p || p->has_residual || !is_f32(g, n.inputs[i]) || !is_f32(g, p->node->inputs[1]))
      continue;
    const Tensor weights = value_of(g, p->node->inputs[1]);
    if (!weights || (p->has_bias && !is_constant(g, p->bias))) continue;
    std::vector<float> factors = per_channel(g, n.inputs[1 - i], n.fact().shape);
    if (factors.empty() || !keeps_shape(g, n.inputs[i], n.inputs[1 - i])) continue;
    if (divides)
      for (float& f : factors) f = 1 / f;
    if (!std::all_of(factors.begin(), factors.end(), [](float f) { return std::isfinite(f); }))
      continue;
    if (p->has_bias) {
      std::vector<float> bias = per_channel(g, p->bias, n.fact().shape);
      if (bias.size() != factors.size()) continue;
      for (size_t c = 0; c < bias.size(); ++c) bias[c] *= factors[c];
      p->bias = vector_constant(patch, bias);
    }
    return replace_product(patch, id, *p,
                           patch.constant(scaled(weights, channel_axis(g, *p), factors)));
  }
  return false;
}

bool bias(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const bool subtracts = n.is("Subtract");
  for (size_t i = 0; i < (subtracts ? 1 : 2); ++i) {
    auto p = open_product(g, n.inputs[i]);
    if (!p || !is_f32(g, n.inputs[i]) || !keeps_shape(g, n.inputs[i], n.inputs[1 - i])) continue;
    std::vector<float> values = per_channel(g, n.inputs[1 - i], n.fact().shape);
    if (values.empty() || (p->has_bias && !is_constant(g, p->bias))) continue;
    if (subtracts)
      for (float& v : values) v = -v;
    if (p->has_bias) {
      const std::vector<float> had = per_channel(g, p->bias, n.fact().shape);
      if (had.size() != values.size()) continue;
      for (size_t c = 0; c < had.size(); ++c) values[c] += had[c];
    }
    p->has_bias = true;
    p->bias = vector_constant(patch, values);
    return replace_product(patch, id, *p, p->node->inputs[1]);
  }
  return false;
}

// The later of two products takes the other as its residual.
bool residual(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.inputs[0] == n.inputs[1] || !is_f32(g, n.inputs[0])) return false;
  const size_t later = n.inputs[0].node > n.inputs[1].node ? 0 : 1;
  for (size_t i : {later, 1 - later}) {
    auto p = open_product(g, n.inputs[i]);
    const OutputRef other = n.inputs[1 - i];
    if (!p || p->has_residual || is_constant(g, other)) continue;
    if (!same_shape(g.fact(n.inputs[i]).shape, g.fact(other).shape)) continue;
    p->has_residual = true;
    p->residual = other;
    return replace_product(patch, id, *p, p->node->inputs[1]);
  }
  return false;
}

bool activation(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  auto p = open_product(g, n.inputs[0]);
  const auto a = p ? activation_of(g, n) : std::nullopt;
  if (!a) return false;
  p->activation = *a;
  return replace_product(patch, id, *p, p->node->inputs[1]);
}

// Adds the zeros of a Pad over spatial axes to explicit pads; false if it pads something else.
bool take_pad(const Graph& g, OutputRef src, std::vector<int64_t>& begin,
              std::vector<int64_t>& end) {
  const GraphNode* pad = made_by(g, src, "Pad");
  if (!pad || pad->attrs.as<ops::Pad>().mode != ops::PadMode::Constant) return false;
  if (pad->inputs.size() > 3 && !is_scalar(g, pad->inputs[3], 0, 0)) return false;
  const auto before = ints(g, pad->inputs[1]), after = ints(g, pad->inputs[2]);
  if (!before || !after || before->size() != begin.size() + 2) return false;
  const auto negative = [](int64_t v) { return v < 0; };
  if (std::any_of(before->begin(), before->end(), negative) ||
      std::any_of(after->begin(), after->end(), negative))
    return false;
  if (before->front() || before->back() || after->front() || after->back()) return false;
  for (size_t i = 0; i < begin.size(); ++i) {
    begin[i] += (*before)[i + 1];
    end[i] += (*after)[i + 1];
  }
  return true;
}

bool pad_before(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op->version != 0 || n.inputs.empty()) return false;
  std::vector<OutputRef> inputs = n.inputs;
  Attrs attrs;
  if (n.op == &ops::fused_conv_0) {
    auto a = n.attrs.as<ops::FusedConv>();
    if (a.planar || !take_pad(g, inputs[0], a.pads_begin, a.pads_end)) return false;
    attrs = a;
  } else if (n.op == &ops::fused_avg_pool_0) {
    auto a = n.attrs.as<ops::FusedPool>();
    const auto any = [](const std::vector<int64_t>& v) {
      return std::any_of(v.begin(), v.end(), [](int64_t x) { return x != 0; });
    };
    // Zeros of the Pad count; they may only join pads that count too.
    if (any(a.overhang) || (a.exclude_pad && (any(a.pads_begin) || any(a.pads_end)))) return false;
    if (!take_pad(g, inputs[0], a.pads_begin, a.pads_end)) return false;
    a.exclude_pad = false;
    attrs = a;
  } else {
    return false;
  }
  const NodeId pad = inputs[0].node;
  inputs[0] = g[pad].inputs[0];
  const OutputRef made = patch.add(*n.op, attrs, inputs);
  replace_with(patch, id, made, {pad});
  return true;
}

}  // namespace

void add_epilogues(std::vector<Rule>& rules) {
  rules.push_back({"fuse-scale", {"Multiply", "Divide"}, scale});
  rules.push_back({"fuse-bias", {"Add", "Subtract"}, bias});
  rules.push_back({"fuse-residual", {"Add"}, residual});
  rules.push_back({"fuse-activation",
                   {"Relu", "Sigmoid", "Tanh", "HSwish", "HSigmoid", "Mish", "Abs", "SoftPlus",
                    "Exp", "Sqrt", "Clamp", "Elu", "Gelu", "Swish", "HardSigmoid", "PRelu"},
                   activation});
  rules.push_back({"fuse-pad", {"vireo.Conv", "vireo.AvgPool"}, pad_before});
}

}  // namespace vireo::passes
