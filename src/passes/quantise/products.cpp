// Products of codes: vireo.Conv and vireo.MatMul between vireo.Dequantise become
// vireo.QuantisedConv and vireo.QuantisedMatMul, and what comes behind them (requantisation, a
// quantised residual, a sum of two quantised values) their epilogue.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "passes/fuse/activation_of.h"
#include "passes/quantise/codes.h"
#include "passes/quantise/quantise.h"

namespace vireo::passes {

namespace {

bool whole(double v) { return v == std::nearbyint(v); }

// i8 codes around 0 and their scales, one per output channel or one for all.
struct Weights {
  Tensor codes;
  std::vector<double> scale;
};

std::optional<Weights> weights_of(const Graph& g, OutputRef ref, size_t channel_axis) {
  const auto d = dequantised(g, ref);
  const Tensor codes = d ? value_of(g, d->source) : Tensor();
  if (!codes) return std::nullopt;
  const size_t rank = codes.get_shape().size();
  if (!d->scale.single() && rank - 1 - d->scale.from_back != channel_axis) return std::nullopt;
  Weights w{codes, d->scale.values};
  if (codes.get_element_type() == element::i8 && d->zero == 0) return w;
  std::vector<int64_t> q = load<int64_t>(codes);
  if (!whole(d->zero)) return std::nullopt;
  for (int64_t& x : q) {
    x -= int64_t(d->zero);
    if (x < -128 || x > 127) return std::nullopt;
  }
  w.codes = make_tensor(element::i8, codes.get_shape(), q);
  return w;
}

// The u8 codes of a product's left operand.
std::optional<Grid> activation_codes(const Graph& g, OutputRef ref) {
  const auto d = dequantised(g, ref);
  if (!d || is_constant(g, d->source) || g.fact(d->source).type != element::u8) return std::nullopt;
  return whole(d->zero) && d->zero >= 0 && d->zero <= 255 ? d : std::nullopt;
}

OutputRef product_scale(Patch& patch, const std::vector<double>& a, const std::vector<double>& w) {
  std::vector<double> scale(std::max(a.size(), w.size()));
  for (size_t i = 0; i < scale.size(); ++i)
    scale[i] = a[a.size() == 1 ? 0 : i] * w[w.size() == 1 ? 0 : i];
  return f32_constant(patch, {scale.size()}, scale);
}

std::vector<OutputRef> with_scale(const GraphNode& n, OutputRef a, OutputRef b, OutputRef scale) {
  std::vector<OutputRef> inputs{a, b, scale};
  inputs.insert(inputs.end(), n.inputs.begin() + 2, n.inputs.end());
  return inputs;
}

bool read_by_codes_alone(const Graph& g, const GraphNode& n) {
  return n.outputs[0].uses.size() == 1 && g[n.outputs[0].uses[0].node].op == &ops::quantise_0;
}

bool convolution(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto& a = n.attrs.as<ops::FusedConv>();
  const auto src = activation_codes(g, n.inputs[0]);
  const PartialShape& shape = g.fact(n.inputs[1]).shape;
  if (!src || n.fact().type != element::f32 || shape.is_dynamic()) return false;
  const bool by_channel =
      a.groups > 1 && shape[0] == Dimension(a.groups) && shape[shape.size() - 1] == Dimension(1);
  auto w = weights_of(g, n.inputs[1], 0);
  // By channel the products are not summed over channels: weights may be any values.
  if (!w && by_channel && is_constant(g, n.inputs[1]) && is_f32(g, n.inputs[1]) &&
      read_by_codes_alone(g, n))
    w = Weights{value_of(g, n.inputs[1]), {1}};
  if (!w) return false;
  if (!src->per_tensor() && (!by_channel || src->scale.from_back != 0)) return false;
  ops::QuantisedConv q;
  static_cast<ops::FusedConv&>(q) = a;
  q.quantised.src_zero = src->zero;
  const OutputRef scale = product_scale(patch, src->scale.values, w->scale);
  replace_with(patch, id,
               patch.add(ops::quantised_conv_0, q,
                         with_scale(n, src->source, patch.constant(w->codes), scale)),
               {n.inputs[0].node});
  return true;
}

bool matmul(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto& a = n.attrs.as<ops::FusedMatMul>();
  const auto src = activation_codes(g, n.inputs[0]);
  const int64_t rank = rank_of(g, n.inputs[1]);
  if (!src || !src->per_tensor() || rank < 2 || n.fact().type != element::f32) return false;
  ops::QuantisedMatMul q;
  static_cast<ops::FusedMatMul&>(q) = a;
  q.quantised.src_zero = src->zero;
  const auto w = weights_of(g, n.inputs[1], size_t(a.transpose_b ? rank - 2 : rank - 1));
  if (!w || rank != 2 || a.transpose_a) return false;
  const OutputRef scale = product_scale(patch, src->scale.values, w->scale);
  replace_with(patch, id,
               patch.add(ops::quantised_matmul_0, q,
                         with_scale(n, src->source, patch.constant(w->codes), scale)),
               {n.inputs[0].node});
  return true;
}

// A quantised product with its epilogue, whichever of the two operators it is.
struct Product {
  NodeId id = 0;
  const GraphNode* node = nullptr;
  ops::Requantise q;
  ops::Activation activation;
  bool has_bias = false, has_residual = false;
  std::vector<OutputRef> inputs;

  size_t residual_input() const { return 3 + size_t(has_bias); }
};

std::optional<Product> product(const Graph& g, OutputRef ref) {
  const GraphNode& n = g[ref.node];
  const auto read = [&](const auto& a) {
    return Product{ref.node, &n, a.quantised, a.activation, a.has_bias, a.has_residual, n.inputs};
  };
  if (n.op == &ops::quantised_conv_0) return read(n.attrs.as<ops::QuantisedConv>());
  if (n.op == &ops::quantised_matmul_0) return read(n.attrs.as<ops::QuantisedMatMul>());
  return std::nullopt;
}

template <typename A>
Attrs written(const Product& p, A a) {
  a.quantised = p.q;
  a.has_residual = p.has_residual;
  a.activation = p.activation;
  return a;
}

// The changed product takes the place of node `id`.
bool replace_product(Patch& patch, NodeId id, const Product& p) {
  const GraphNode& n = *p.node;
  Attrs attrs = n.op == &ops::quantised_conv_0 ? written(p, n.attrs.as<ops::QuantisedConv>())
                                               : written(p, n.attrs.as<ops::QuantisedMatMul>());
  const OutputRef made = patch.add(*n.op, std::move(attrs), p.inputs);
  patch.credit(made.node, p.id);
  replace_with(patch, id, made);
  return true;
}

bool is_clamp(const ops::Activation& a) {
  using Kind = ops::ActivationKind;
  return a.kind == Kind::None || a.kind == Kind::Relu || a.kind == Kind::Clamp;
}

// A clamp that the grid itself makes, on every channel.
bool clamped_by_grid(const ops::Activation& a, const Grid& grid) {
  if (a.kind != ops::ActivationKind::Clamp) return true;
  for (double scale : grid.scale.values)
    if (a.beta / scale + grid.zero < 254.5 || a.alpha / scale + grid.zero > 0.5) return false;
  return true;
}

// A result of codes has a residual of codes.
bool take_residual_codes(const Graph& g, Product& p) {
  if (!p.has_residual) return true;
  const auto d = dequantised(g, p.inputs[p.residual_input()]);
  if (!d || !d->per_tensor() || g.fact(d->source).type != element::u8) return false;
  p.inputs[p.residual_input()] = d->source;
  p.q.residual_scale = d->scale.values[0];
  p.q.residual_zero = d->zero;
  return true;
}

bool requantise(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  auto p = product(g, n.inputs[0]);
  const auto grid = quantised(g, n);
  const auto& a = n.attrs.as<ops::Quantise>();
  if (!p || !grid || !single_use(g, n.inputs[0]) || p->q.type != element::f32 ||
      a.type != element::u8)
    return false;
  if (!is_clamp(p->activation) && (a.low != 0 || a.high != 255)) return false;
  if (!grid->per_tensor()) {
    if (grid->scale.from_back != 0 || p->has_residual || p->q.between ||
        !clamped_by_grid(p->activation, *grid))
      return false;
    if (p->activation.kind == ops::ActivationKind::Clamp) p->activation = {};
  }
  if (!take_residual_codes(g, *p)) return false;
  p->q.type = a.type;
  p->q.low = a.low;
  p->q.high = a.high;
  p->q.out_zero = grid->zero;
  if (grid->per_tensor()) {
    p->q.out_scale = grid->scale.values[0];
  } else {
    p->q.per_channel_out = true;
    p->inputs.push_back(f32_constant(patch, {grid->scale.values.size()}, grid->scale.values));
  }
  return replace_product(patch, id, *p);
}

// The product gives codes, and `d` makes values of them again on the same grid, so that the
// epilogue can do both.
bool rounds_to_own_grid(const Product& p, const Grid& d) {
  return !p.has_residual && !p.q.between && !p.q.per_channel_out && p.q.type == element::u8 &&
         is_clamp(p.activation) && p.q.low == 0 && p.q.high == 255 &&
         p.q.out_scale == d.scale.values[0] && p.q.out_zero == d.zero;
}
void round_between(Product& p) {
  p.q.between = true;
  p.q.between_scale = p.q.out_scale;
  p.q.between_zero = p.q.out_zero;
  p.q.type = element::f32;
  p.q.out_scale = 1;
  p.q.out_zero = 0;
}

// Add(Dequantise(product), other): the product rounds to its grid in registers, and adds. The later
// of two products takes the other.
bool add_between(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.fact().type != element::f32 || n.inputs[0] == n.inputs[1]) return false;
  const size_t later = n.inputs[0].node > n.inputs[1].node ? 0 : 1;
  for (size_t i : {later, 1 - later}) {
    const auto d = dequantised(g, n.inputs[i]);
    const OutputRef other = n.inputs[1 - i];
    if (!d || !d->per_tensor() || !single_use(g, n.inputs[i]) || !single_use(g, d->source))
      continue;
    auto p = product(g, d->source);
    if (!p || !rounds_to_own_grid(*p, *d)) continue;
    if (is_constant(g, other) || !same_shape(g.fact(n.inputs[i]).shape, g.fact(other).shape))
      continue;
    round_between(*p);
    p->inputs.insert(p->inputs.begin() + long(p->residual_input()), other);
    p->has_residual = true;
    return replace_product(patch, id, *p);
  }
  return false;
}

// Add(Dequantise(product), one number per channel): added after rounding to the product's own grid.
bool bias_after(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto split = with_constant(g, n);
  if (!split || n.fact().type != element::f32 || !keeps_shape(g, split->data, split->constant))
    return false;
  const auto values = per_axis(value_of(g, split->constant));
  const auto d = dequantised(g, split->data);
  if (!values || values->from_back != 0 || !d || !d->per_tensor()) return false;
  if (!single_use(g, split->data) || !single_use(g, d->source)) return false;
  auto p = product(g, d->source);
  if (!p || !rounds_to_own_grid(*p, *d)) return false;
  round_between(*p);
  p->q.has_bias_after = true;
  p->inputs.push_back(f32_constant(patch, {values->values.size()}, values->values));
  return replace_product(patch, id, *p);
}

bool relu_after(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  auto p = product(g, n.inputs[0]);
  if (!p || !p->q.between || p->q.relu_after || p->q.type != element::f32 ||
      !single_use(g, n.inputs[0]))
    return false;
  p->q.relu_after = true;
  return replace_product(patch, id, *p);
}

// The codes of a picture that was quantised channels first and then turned, with its convolution's
// weights, get a fourth channel: so that a pixel is one word.
bool picture(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode* turn = made_by(g, n.inputs[0], "Transpose");
  const GraphNode* q = turn ? &g[turn->inputs[0].node] : nullptr;
  if (!q || q->op != &ops::quantise_0 || q->fact().type != element::u8 || !is_f32(g, q->inputs[0]))
    return false;
  if (ints(g, turn->inputs[1]) != std::vector<int64_t>{0, 2, 3, 1}) return false;
  const auto grid = quantised(g, *q);
  const Tensor weights = value_of(g, n.inputs[1]);
  const auto& a = n.attrs.as<ops::QuantisedConv>();
  if (!grid || !grid->per_tensor() || !weights || a.groups != 1 ||
      weights.get_element_type() != element::i8)
    return false;
  const Shape& shape = weights.get_shape();
  if (shape.size() != 4 || shape[3] != 3) return false;
  Tensor wider(element::i8, {shape[0], shape[1], shape[2], 4});
  const auto* from = weights.dense().data<int8_t>();
  auto* to = wider.data<int8_t>();
  for (size_t i = 0; i < wider.get_size(); ++i)
    to[i] = i % 4 < 3 ? from[i / 4 * 3 + i % 4] : int8_t(0);
  ops::QuantiseImage image;
  static_cast<ops::Quantise&>(image) = q->attrs.as<ops::Quantise>();
  const auto one = [&](double v) { return f32_constant(patch, {}, {v}); };
  std::vector<OutputRef> inputs = n.inputs;
  inputs[0] = patch.add(ops::quantise_image_0, image,
                        {q->inputs[0], one(grid->scale.values[0]), one(grid->zero)});
  inputs[1] = patch.constant(wider);
  patch.credit(inputs[0].node, turn->inputs[0].node);
  const OutputRef made = patch.add(*n.op, n.attrs, std::move(inputs));
  replace_with(patch, id, made);
  return true;
}

}  // namespace

void add_integer_products(std::vector<Rule>& rules) {
  rules.push_back({"integer convolution", {"vireo.Conv"}, convolution});
  rules.push_back({"integer matmul", {"vireo.MatMul"}, matmul});
  rules.push_back({"requantise", {"vireo.Quantise"}, requantise});
  rules.push_back({"picture", {"vireo.QuantisedConv"}, picture});
  rules.push_back({"add between", {"Add"}, add_between});
  rules.push_back({"bias after", {"Add"}, bias_after});
  rules.push_back({"relu after", {"Relu"}, relu_after});
}

}  // namespace vireo::passes
