// vireo.LayerNorm and vireo.RmsNorm over the last axes.
#include <cmath>

#include "core/values.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedLayerNorm& a) {
  v.on("axes", a.axes);
  v.on("eps", a.eps);
  v.on("has_scale", a.has_scale);
  v.on("has_shift", a.has_shift);
  v.on("has_residual", a.has_residual);
}
void visit(AttrVisitor& v, FusedRmsNorm& a) {
  v.on("eps", a.eps);
  v.on("has_scale", a.has_scale);
  v.on("has_residual", a.has_residual);
}

namespace {

// The residual is the last input.
void check_residual(const InferContext& c, bool there) {
  const PartialShape& residual = c.shape(c.inputs() - 1);
  if (there && !residual.compatible(c.shape(0)))
    c.fail("a residual of shape {} does not fit {}", residual.to_string(), c.shape(0).to_string());
}

void infer_layer(InferContext& c) {
  const FusedLayerNorm& a = c.attrs<FusedLayerNorm>();
  const size_t inputs = 1 + a.has_scale + a.has_shift + a.has_residual;
  c.expect_inputs(inputs, inputs);
  if (a.axes < 1) c.fail("axes {} is not positive", a.axes);
  c.expect_rank(0, a.axes, 64);
  check_residual(c, a.has_residual);
  c.set_output(0, c.type(0), c.shape(0));
}
void infer_rms(InferContext& c) {
  const FusedRmsNorm& a = c.attrs<FusedRmsNorm>();
  c.expect_inputs(1 + a.has_scale + a.has_residual, 1 + a.has_scale + a.has_residual);
  c.expect_rank(0, 1, 64);
  check_residual(c, a.has_residual);
  c.set_output(0, c.type(0), c.shape(0));
}

// Rows of `width` elements: x = (x - mean or 0) / sqrt(mean of squares + eps) * scale + shift.
void normalise(std::vector<double>& x, size_t width, double eps, bool centre,
               const std::vector<double>& scale, const std::vector<double>& shift) {
  for (size_t at = 0; at + width <= x.size() && width > 0; at += width) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < width && centre; ++i) mean += x[at + i];
    mean /= double(width);
    for (size_t i = 0; i < width; ++i) squares += (x[at + i] - mean) * (x[at + i] - mean);
    const double by = 1 / std::sqrt(squares / double(width) + eps);
    for (size_t i = 0; i < width; ++i) {
      double& v = x[at + i];
      v = (v - mean) * by;
      if (!scale.empty()) v *= scale[i % scale.size()];
      if (!shift.empty()) v += shift[i % shift.size()];
    }
  }
}

void add_residual(EvalContext& c, std::vector<double>& x, size_t input) {
  const std::vector<double> r = load<double>(c.input(input));
  for (size_t i = 0; i < x.size(); ++i) x[i] += r[i];
}

void evaluate_layer(EvalContext& c) {
  const FusedLayerNorm& a = c.attrs<FusedLayerNorm>();
  const Shape& shape = c.shape(0);
  std::vector<double> x = load<double>(c.input(0)), scale, shift;
  size_t next = 1, width = 1;
  if (a.has_scale) scale = load<double>(c.input(next++));
  if (a.has_shift) shift = load<double>(c.input(next++));
  if (a.has_residual) add_residual(c, x, next);
  for (size_t i = shape.size() - size_t(a.axes); i < shape.size(); ++i) width *= shape[i];
  normalise(x, width, a.eps, true, scale, shift);
  store(c.output(0), x);
}

void evaluate_rms(EvalContext& c) {
  const FusedRmsNorm& a = c.attrs<FusedRmsNorm>();
  std::vector<double> x = load<double>(c.input(0)), scale;
  if (a.has_scale) scale = load<double>(c.input(1));
  if (a.has_residual) add_residual(c, x, 1 + size_t(a.has_scale));
  normalise(x, c.shape(0).back(), a.eps, false, scale, {});
  store(c.output(0), x);
}

}  // namespace

VIREO_DEFINE_OP(fused_layer_norm_0){
    "vireo.LayerNorm",    0, &kAttrType<FusedLayerNorm>, infer_layer, evaluate_layer,
    Tolerance::Accumulate};
VIREO_DEFINE_OP(fused_rms_norm_0){
    "vireo.RmsNorm", 0, &kAttrType<FusedRmsNorm>, infer_rms, evaluate_rms, Tolerance::Accumulate};

}  // namespace vireo::ops
