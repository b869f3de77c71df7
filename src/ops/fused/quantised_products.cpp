// vireo.QuantisedConv and vireo.QuantisedMatMul: products of codes with exact integer sums, and
// their requantisation.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/conv/compute.h"
#include "ops/fused/conv_shape.h"
#include "ops/fused/epilogue.h"
#include "ops/fused/layout.h"
#include "ops/fused/quantised.h"
#include "ops/matmul/compute.h"

namespace vireo::ops {

namespace {

void visit_requantise(AttrVisitor& v, Requantise& q) {
  v.on("type", q.type);
  v.on("per_channel_out", q.per_channel_out);
  v.on("src_zero", q.src_zero);
  v.on("out_scale", q.out_scale);
  v.on("out_zero", q.out_zero);
  v.on("low", q.low);
  v.on("high", q.high);
  v.on("residual_scale", q.residual_scale);
  v.on("residual_zero", q.residual_zero);
  v.on("between", q.between);
  v.on("has_bias_after", q.has_bias_after);
  v.on("relu_after", q.relu_after);
  v.on("between_scale", q.between_scale);
  v.on("between_zero", q.between_zero);
}

}  // namespace

void visit(AttrVisitor& v, QuantisedConv& a) {
  visit(v, static_cast<FusedConv&>(a));
  visit_requantise(v, a.quantised);
}
void visit(AttrVisitor& v, QuantisedMatMul& a) {
  visit(v, static_cast<FusedMatMul&>(a));
  visit_requantise(v, a.quantised);
}

namespace {

void expect_type(const InferContext& c, size_t input, element::Type type, element::Type other) {
  const element::Type t = c.type(input);
  if (t != type && t != other && !t.is_dynamic())
    c.fail("input {} is {} or {}, got {}", input, type.name(), other.name(), t.name());
}

// Inputs from 2 on: scale, bias, residual, bias_after, out_scale.
template <typename A>
void check(InferContext& c, const A& a, const PartialShape& out) {
  const size_t inputs =
      3 + a.has_bias + a.has_residual + a.quantised.has_bias_after + a.quantised.per_channel_out;
  c.expect_inputs(inputs, inputs);
  expect_type(c, 0, element::u8, element::u8);
  expect_type(c, 2, element::f32, element::f32);
  const Dimension channels = out.rank_is_static() ? out[out.size() - 1] : Dimension();
  const auto vector = [&](size_t i) {
    const PartialShape& s = c.shape(i);
    if (s.rank_is_static() &&
        (s.size() != 1 || (s[0] != Dimension(1) && !s[0].compatible(channels))))
      c.fail("input {} of shape {} is no number per channel of {}", i, s.to_string(),
             out.to_string());
  };
  size_t next = 2;
  vector(next++);
  if (a.has_bias) vector(next++);
  if (a.has_residual) {
    expect_type(c, next, element::f32, element::u8);
    if (!c.shape(next).compatible(out))
      c.fail("a residual of shape {} does not fit an output of {}", c.shape(next).to_string(),
             out.to_string());
    ++next;
  }
  if (a.quantised.has_bias_after) vector(next++);
  if (a.quantised.per_channel_out) vector(next);
  if (!(a.quantised.out_scale > 0) || !(a.quantised.between_scale > 0))
    c.fail("scales {} and {} are not both positive", a.quantised.out_scale,
           a.quantised.between_scale);
  const element::Type type = a.quantised.type;
  if (type != element::f32 && type != element::u8 && type != element::i8)
    c.fail("the result is f32, u8 or i8, got {}", type.name());
  c.set_output(0, type, out);
}

struct Vector {
  std::vector<double> v;
  explicit Vector(std::vector<double> values) : v(std::move(values)) {}
  double operator[](size_t i) const { return v[v.size() == 1 ? 0 : i]; }
};

double to_code(double v, double scale, double zero, double low, double high) {
  const double q = std::nearbyint(v / scale + zero);
  return q >= low ? std::min(q, high) : low;
}

template <typename A>
void requantise(EvalContext& c, const A& a, std::vector<double>& sums, size_t channels) {
  const Requantise& q = a.quantised;
  size_t next = 2;
  const Vector scale(load<double>(c.input(next++)));
  const Vector bias(a.has_bias ? load<double>(c.input(next++)) : std::vector<double>{0});
  std::vector<double> residual;
  if (a.has_residual) {
    const bool codes = c.input(next).get_element_type() == element::u8;
    residual = load<double>(c.input(next++));
    for (double& r : residual)
      if (codes) r = (r - q.residual_zero) * q.residual_scale;
  }
  const Vector after(q.has_bias_after ? load<double>(c.input(next++)) : std::vector<double>{0});
  const Vector out_scale(q.per_channel_out ? load<double>(c.input(next))
                                           : std::vector<double>{q.out_scale});
  for (size_t i = 0; i < sums.size(); ++i) {
    const size_t o = i % channels;
    double v = scale[o] * sums[i] + bias[o];
    if (a.has_residual && !q.between) v += residual[i];
    v = apply(a.activation, v);
    if (q.between) {
      v = q.between_scale * (to_code(v, q.between_scale, q.between_zero, 0, 255) - q.between_zero);
      if (a.has_residual) v += residual[i];
      v += after[o];
      if (q.relu_after) v = std::max(v, 0.0);
    }
    if (q.type != element::f32)
      v = to_code(v, out_scale[o], q.out_zero, double(q.low), double(q.high));
    sums[i] = v;
  }
  store(c.output(0), sums);
}

std::vector<double> centred(const Tensor& t, double zero) {
  std::vector<double> v = load<double>(t);
  for (double& x : v) x -= zero;
  return v;
}

void infer_conv(InferContext& c) {
  const QuantisedConv& a = c.attrs<QuantisedConv>();
  c.expect_inputs(3, 7);
  expect_type(c, 1, element::i8, element::f32);
  check(c, a, conv_output_shape(c, a));
}

void evaluate_conv(EvalContext& c) {
  const QuantisedConv& a = c.attrs<QuantisedConv>();
  const Shape& wei = c.shape(1);
  const ConvShape s = conv_shape(a, c.shape(0), wei, c.output(0).get_shape());
  const std::vector<double> src = swap_inner(centred(c.input(0), a.quantised.src_zero), s.batch,
                                             s.in_size(), c.shape(0).back());
  const std::vector<double> filters =
      swap_inner(load<double>(c.input(1)), wei[0], s.kernel_size(), s.in_channels);
  std::vector<double> sums =
      swap_inner(convolve<double>(s, src, filters), s.batch, wei[0], s.out_size());
  requantise(c, a, sums, wei[0]);
}

void infer_matmul(InferContext& c) {
  const QuantisedMatMul& a = c.attrs<QuantisedMatMul>();
  c.expect_inputs(3, 7);
  c.expect_rank(0, 2, 64);
  c.expect_rank(1, 2, 64);
  expect_type(c, 1, element::i8, element::i8);
  check(c, a, matmul_shape(c, c.shape(0), c.shape(1), {a.transpose_a, a.transpose_b}));
}

void evaluate_matmul(EvalContext& c) {
  const QuantisedMatMul& a = c.attrs<QuantisedMatMul>();
  std::vector<double> sums = multiply_matrices<double>(centred(c.input(0), a.quantised.src_zero),
                                                       c.shape(0), load<double>(c.input(1)),
                                                       c.shape(1), {a.transpose_a, a.transpose_b});
  requantise(c, a, sums, c.output(0).get_shape().back());
}

}  // namespace

VIREO_DEFINE_OP(quantised_conv_0){
    "vireo.QuantisedConv", 0, &kAttrType<QuantisedConv>, infer_conv, evaluate_conv,
    Tolerance::Rounding};
VIREO_DEFINE_OP(quantised_matmul_0){
    "vireo.QuantisedMatMul", 0, &kAttrType<QuantisedMatMul>, infer_matmul, evaluate_matmul,
    Tolerance::Rounding};

}  // namespace vireo::ops
