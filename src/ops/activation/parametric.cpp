// Activations with attributes or with parameters as inputs.
#include <limits>

#include "core/values.h"
#include "ops/activation/activation.h"
#include "ops/activation/functions.h"
#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Clamp& a) {
  v.on("min", a.min);
  v.on("max", a.max);
}
void visit(AttrVisitor& v, Elu& a) { v.on("alpha", a.alpha); }
void visit(AttrVisitor& v, Gelu& a) {
  v.on("approximation_mode", a.approximation_mode, kGeluModeNames);
}
void visit(AttrVisitor& v, Round& a) { v.on("mode", a.mode, kRoundModeNames); }

namespace {

template <typename F>
void map_reals(EvalContext& c, F&& f) {
  std::vector<double> x = load<double>(c.input(0));
  for (double& v : x) v = f(v);
  store(c.output(0), x);
}

double scalar(EvalContext& c, size_t i, double fallback = 1) {
  if (i >= c.inputs()) return fallback;
  const std::vector<double> v = load<double>(c.input(i));
  if (v.size() != 1) c.fail("input {} must hold one value, got {}", i, v.size());
  return v[0];
}

void infer_number(InferContext& c) {
  c.expect_inputs(1, 1);
  if (c.type(0) == element::boolean || c.type(0) == element::string)
    c.fail("numbers are needed, got {}", c.type(0).name());
  c.set_output(0, c.type(0), c.shape(0));
}
void infer_real(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  c.set_output(0, c.type(0), c.shape(0));
}
void infer_clamp(InferContext& c) {
  infer_number(c);
  const Clamp& a = c.attrs<Clamp>();
  if (!(a.min <= a.max)) c.fail("min {} is over max {}", a.min, a.max);
}
// Real data and `Least` to `Most` further inputs of the same type.
template <size_t Least, size_t Most>
void infer_with_scalars(InferContext& c) {
  c.expect_inputs(1 + Least, 1 + Most);
  c.expect_real(0);
  for (size_t i = 1; i < c.inputs(); ++i)
    if (c.shape(i).is_static() && shape_size(c.shape(i).to_shape()) != 1)
      c.fail("input {} must hold one value, got shape {}", i, c.shape(i).to_string());
  c.set_output(0, c.common_type(0, c.inputs()), c.shape(0));
}

void evaluate_clamp(EvalContext& c) {
  const Clamp& a = c.attrs<Clamp>();
  if (c.input(0).get_element_type().is_real())
    return map_reals(c, [&](double x) { return clamp(x, a.min, a.max); });
  // Integers are clamped to the integers between the bounds.
  with_domain(c.input(0).get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    const auto bound = [](double v) {
      if (v >= double(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
      if (v <= double(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
      return T(v);
    };
    const T low = bound(std::ceil(a.min)), high = bound(std::floor(a.max));
    std::vector<T> x = load<T>(c.input(0));
    for (T& v : x) v = v < low ? low : v > high ? high : v;
    store(c.output(0), x);
  });
}

void evaluate_elu(EvalContext& c) {
  const double alpha = c.attrs<Elu>().alpha;
  map_reals(c, [&](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}
void evaluate_gelu(EvalContext& c) {
  const bool erf = c.attrs<Gelu>().approximation_mode == GeluMode::Erf;
  map_reals(c, [&](double x) { return erf ? gelu_erf(x) : gelu_tanh(x); });
}
void evaluate_round(EvalContext& c) {
  if (!c.input(0).get_element_type().is_real()) return c.set_output(0, c.input(0));
  const bool even = c.attrs<Round>().mode == RoundMode::HalfToEven;
  map_reals(c, [&](double x) { return even ? std::nearbyint(x) : std::round(x); });
}
void evaluate_swish(EvalContext& c) {
  const double beta = scalar(c, 1);
  map_reals(c, [&](double x) { return x / (1 + std::exp(-beta * x)); });
}
void evaluate_hard_sigmoid(EvalContext& c) {
  const double alpha = scalar(c, 1), beta = scalar(c, 2);
  map_reals(c, [&](double x) { return clamp(alpha * x + beta, 0, 1); });
}
void evaluate_selu(EvalContext& c) {
  const double alpha = scalar(c, 1), lambda = scalar(c, 2);
  map_reals(c, [&](double x) { return lambda * (x > 0 ? x : alpha * std::expm1(x)); });
}

void infer_prelu(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(1, 0, std::numeric_limits<int64_t>::max());
  c.set_output(0, c.common_type(0, 2), c.shape(0));
}

// A slope of rank 1 lies along the channels (axis 1) if it fits there; otherwise NumPy's rule
// holds.
Shape slope_shape(const Shape& data, const Shape& slope) {
  Shape out(data.size(), 1);
  if (slope.size() == 1 && data.size() > 1 && (slope[0] == data[1] || slope[0] == 1)) {
    out[1] = slope[0];
    return out;
  }
  if (slope.size() > data.size()) return {};
  std::copy(slope.begin(), slope.end(), out.begin() + int64_t(data.size() - slope.size()));
  for (size_t i = 0; i < data.size(); ++i)
    if (out[i] != 1 && out[i] != data[i]) return {};
  return out;
}

void evaluate_prelu(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const Shape aligned = slope_shape(shape, c.shape(1));
  if (aligned.size() != shape.size())
    c.fail("a slope of shape {} does not fit data of {}", c.shape(1).to_string(),
           shape.to_string());
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    store(out, broadcast_map<T>(shape, shape, load<T>(c.input(0)), aligned, load<T>(c.input(1)), {},
                                [](T x, T slope) { return x < T(0) ? T(x * slope) : x; }));
  });
}

void infer_swish(InferContext& c) { infer_with_scalars<0, 1>(c); }
void infer_two_scalars(InferContext& c) { infer_with_scalars<2, 2>(c); }

constexpr const AttrType* kPlain = &kAttrType<NoAttrs>;

}  // namespace

VIREO_DEFINE_OP(clamp_1){
    "Clamp", 1, &kAttrType<Clamp>, infer_clamp, evaluate_clamp, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(elu_1){
    "Elu", 1, &kAttrType<Elu>, infer_real, evaluate_elu, Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(gelu_7){
    "Gelu", 7, &kAttrType<Gelu>, infer_real, evaluate_gelu, Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(round_5){
    "Round", 5, &kAttrType<Round>, infer_number, evaluate_round, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(swish_4){"Swish",     4, kPlain, infer_swish, evaluate_swish, Tolerance::Rounding,
                         kElementwise};
VIREO_DEFINE_OP(hard_sigmoid_1){
    "HardSigmoid",       1,           kPlain, infer_two_scalars, evaluate_hard_sigmoid,
    Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(selu_1){
    "Selu", 1, kPlain, infer_two_scalars, evaluate_selu, Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(prelu_1){"PRelu", 1, kPlain, infer_prelu, evaluate_prelu, Tolerance::Rounding};

}  // namespace vireo::ops
