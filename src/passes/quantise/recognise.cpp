// Models say "8 bits" in two ways: FakeQuantize (OpenVINO, NNCF) and a Convert to codes with a
// Convert, Subtract and Multiply back (ONNX, compressed weights). Both become vireo.Quantise and
// vireo.Dequantise. Activations are u8 from here on, weights i8 around 0.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "ops/movement/movement.h"
#include "ops/quantize/quantize.h"
#include "passes/quantise/codes.h"
#include "passes/quantise/quantise.h"

namespace vireo::passes {

namespace {

// how far from an integer rounding in f32 may have left a zero point
constexpr double kWholeZero = 0.02;

// The numbers of a FakeQuantize: x is rounded to code / scale, code 0 standing for `low`.
struct Levels {
  Shape shape;
  std::vector<double> in_scale, in_zero, out_scale, out_zero;
  int64_t count = 0;
};

std::optional<Shape> common_shape(const Graph& g, const GraphNode& n, size_t first) {
  PartialShape shape = g.fact(n.inputs[first]).shape;
  if (!PartialShape::broadcast_merge_into(shape, g.fact(n.inputs[first + 1]).shape))
    return std::nullopt;
  return shape.is_static() ? std::optional<Shape>(shape.to_shape()) : std::nullopt;
}

std::vector<double> spread(const Tensor& t, const Shape& shape) {
  if (t.get_shape() == shape) return load<double>(t);
  if (t.get_size() == 1) return std::vector<double>(shape_size(shape), load<double>(t)[0]);
  return {};
}

std::optional<Levels> levels_of(const Graph& g, const GraphNode& n) {
  Levels l;
  l.count = n.attrs.as<ops::FakeQuantize>().levels;
  if (l.count < 2 || l.count > 256 || !numpy_broadcast(g, n)) return std::nullopt;
  for (size_t i = 1; i < 5; ++i)
    if (!is_constant(g, n.inputs[i]) || !keeps_shape(g, n.inputs[0], n.inputs[i]))
      return std::nullopt;
  const auto in = common_shape(g, n, 1), out = common_shape(g, n, 3);
  if (!in || !out || (*out != *in && shape_size(*out) != 1)) return std::nullopt;
  l.shape = *in;
  std::vector<double> bounds[4];
  for (size_t i = 0; i < 4; ++i) bounds[i] = spread(value_of(g, n.inputs[i + 1]), *in);
  const double steps = double(l.count - 1);
  for (size_t i = 0; i < shape_size(*in); ++i) {
    for (const auto& b : bounds)
      if (b.size() != shape_size(*in)) return std::nullopt;
    const double scale = (bounds[1][i] - bounds[0][i]) / steps,
                 to = (bounds[3][i] - bounds[2][i]) / steps;
    if (!(scale > 0) || !(to > 0) || !std::isfinite(scale) || !std::isfinite(to))
      return std::nullopt;
    const double zero = -bounds[0][i] / scale, back = -bounds[2][i] / to;
    if (std::fabs(zero - std::nearbyint(zero)) > kWholeZero ||
        std::fabs(back - std::nearbyint(back)) > kWholeZero)
      return std::nullopt;
    l.in_scale.push_back(scale);
    // Plus 0, so that no zero has a sign.
    l.in_zero.push_back(std::nearbyint(zero) + 0.0);
    l.out_scale.push_back(to);
    l.out_zero.push_back(std::nearbyint(back) + 0.0);
  }
  return l;
}

bool uniform(const std::vector<double>& v) {
  return std::all_of(v.begin(), v.end(), [&](double x) { return x == v[0]; });
}

// FakeQuantize whose results are codes already, as the importer of ONNX writes it: Convert makes
// them integers.
bool codes_only(const Graph& g, const GraphNode& n) {
  for (const Use& use : n.outputs[0].uses) {
    const GraphNode& reader = g[use.node];
    if (!is_public(reader, "Convert") || reader.fact().type.is_real()) return false;
  }
  return !n.outputs[0].uses.empty();
}

bool convert_to_codes(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const element::Type type = n.fact().type;
  if (type != element::u8 && type != element::i8) return false;
  const GraphNode* fake = made_by(g, n.inputs[0], "FakeQuantize");
  if (!fake || is_constant(g, fake->inputs[0])) return false;
  const auto l = levels_of(g, *fake);
  if (!l || !uniform(l->out_scale) || l->out_scale[0] != 1 || !uniform(l->out_zero)) return false;
  const double first = -l->out_zero[0];
  std::vector<double> zero = l->in_zero;
  for (double& z : zero) z += first;
  const ops::Quantise a{type, int64_t(first), int64_t(first) + l->count - 1};
  if (type == element::u8 ? a.low < 0 || a.high > 255 : a.low < -128 || a.high > 127) return false;
  replace_with(patch, id,
               patch.add(ops::quantise_0, a,
                         {fake->inputs[0], f32_constant(patch, l->shape, l->in_scale),
                          f32_constant(patch, l->shape, zero)}),
               {n.inputs[0].node});
  return true;
}

bool fake_quantise(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (!is_f32(g, n.inputs[0]) || is_constant(g, n.inputs[0]) || codes_only(g, n)) return false;
  const auto l = levels_of(g, n);
  if (!l) return false;
  const auto row = [&](const std::vector<double>& v) { return f32_constant(patch, l->shape, v); };
  const OutputRef codes = patch.add(ops::quantise_0, ops::Quantise{element::u8, 0, l->count - 1},
                                    {n.inputs[0], row(l->in_scale), row(l->in_zero)});
  replace_with(patch, id,
               patch.add(ops::dequantise_0, ops::Dequantise{},
                         {codes, row(l->out_scale), row(l->out_zero)}));
  return true;
}

// Weights on a grid around one zero.
bool fake_quantised_weights(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const Tensor weights = value_of(g, n.inputs[0]);
  if (!weights || weights.get_element_type() != element::f32) return false;
  const auto l = levels_of(g, n);
  if (!l || !uniform(l->in_zero) || l->out_zero != l->in_zero) return false;
  const double zero = l->in_zero[0];
  const ops::Quantise a{element::i8, int64_t(-zero), int64_t(-zero) + l->count - 1};
  if (a.low < -128 || a.high > 127) return false;
  const Tensor scale = make_tensor(element::f32, l->shape, l->in_scale),
               none = make_tensor(element::f32, {}, std::vector<double>{0});
  const Tensor codes = evaluate_op(ops::quantise_0, a, n.name, {weights, scale, none})[0];
  replace_with(patch, id,
               patch.add(ops::dequantise_0, ops::Dequantise{},
                         {patch.constant(codes), f32_constant(patch, l->shape, l->out_scale),
                          patch.constant(none)}));
  return true;
}

// A constant, perhaps reshaped or converted: nothing is folded yet, and inference evaluates small
// values only.
Tensor constant_of(const Graph& g, OutputRef ref) {
  if (const Tensor& t = value_of(g, ref)) return t;
  const GraphNode& n = g[ref.node];
  if (!is_public(n, "Reshape") && !is_public(n, "Unsqueeze") && !is_public(n, "Convert")) return {};
  std::vector<Tensor> inputs;
  for (OutputRef input : n.inputs) {
    inputs.push_back(constant_of(g, input));
    if (!inputs.back()) return {};
  }
  return evaluate_op(*n.op, n.attrs, n.name, inputs)[0];
}

// Multiply(Subtract(Convert(codes), zero), scale), or without the Subtract.
bool convert_back(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.fact().type != element::f32) return false;
  for (size_t i = 0; i < 2; ++i) {
    if (!keeps_shape(g, n.inputs[i], n.inputs[1 - i])) continue;
    const GraphNode* shifted = made_by(g, n.inputs[i], "Subtract");
    if (shifted && !keeps_shape(g, shifted->inputs[0], shifted->inputs[1])) continue;
    const GraphNode* convert = made_by(g, shifted ? shifted->inputs[0] : n.inputs[i], "Convert");
    if (!convert) continue;
    const OutputRef codes = convert->inputs[0];
    const element::Type type = g.fact(codes).type;
    if (type != element::u8 && type != element::i8) continue;
    const Tensor scale = constant_of(g, n.inputs[1 - i]),
                 zero = shifted ? constant_of(g, shifted->inputs[1])
                                : make_tensor(element::f32, {}, std::vector<double>{0});
    if (!scale || !zero) continue;
    replace_with(patch, id,
                 patch.add(ops::dequantise_0, ops::Dequantise{},
                           {codes, patch.constant(scale), patch.constant(zero)}));
    return true;
  }
  return false;
}

Tensor plus(const Tensor& t, double by) {
  std::vector<double> v = load<double>(t);
  for (double& x : v) x += by;
  return make_tensor(element::f32, t.get_shape(), v);
}

// i8 activations are u8 ones with zeros 128 higher.
bool unsigned_codes(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode &n = g[id], &q = g[n.inputs[0].node];
  if (q.op != &ops::quantise_0 || q.fact().type != element::i8) return false;
  const Tensor &from = value_of(g, q.inputs[2]), &to = value_of(g, n.inputs[2]);
  if (!from || !to) return false;
  const auto& a = q.attrs.as<ops::Quantise>();
  const OutputRef codes =
      patch.add(ops::quantise_0, ops::Quantise{element::u8, a.low + 128, a.high + 128},
                {q.inputs[0], q.inputs[1], patch.constant(plus(from, 128))});
  patch.credit(codes.node, n.inputs[0].node);
  replace_with(patch, id,
               patch.add(ops::dequantise_0, ops::Dequantise{},
                         {codes, n.inputs[1], patch.constant(plus(to, 128))}));
  return true;
}

}  // namespace

bool has_quantised_activations(const Graph& g) {
  for (NodeId id : g.order())
    if (is_public(g[id], "FakeQuantize") && !is_constant(g, g[id].inputs[0])) return true;
  return false;
}

void add_codes(std::vector<Rule>& rules) {
  rules.push_back({"quantise to codes", {"Convert"}, convert_to_codes});
  rules.push_back({"fake quantise", {"FakeQuantize"}, fake_quantise});
  rules.push_back({"fake quantised weights", {"FakeQuantize"}, fake_quantised_weights});
  rules.push_back({"dequantise", {"Multiply"}, convert_back});
  rules.push_back({"unsigned codes", {"vireo.Dequantise"}, unsigned_codes});
}

}  // namespace vireo::passes
