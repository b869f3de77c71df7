// Normalisations with channel parameters: BatchNormInference, GroupNormalization, LRN, GRN.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/values.h"
#include "ops/norm/norm.h"
#include "ops/reduction/reduce.h"

namespace vireo::ops {

void visit(AttrVisitor& v, BatchNormInference& a) { v.on("epsilon", a.epsilon); }
void visit(AttrVisitor& v, GroupNormalization& a) {
  v.on("num_groups", a.num_groups);
  v.on("epsilon", a.epsilon);
}
void visit(AttrVisitor& v, Lrn& a) {
  v.on("alpha", a.alpha);
  v.on("beta", a.beta);
  v.on("bias", a.bias);
  v.on("size", a.size);
}
void visit(AttrVisitor& v, Grn& a) { v.on("bias", a.bias); }

namespace {

size_t elements_from(const Shape& shape, size_t axis) {
  size_t n = 1;
  for (size_t i = axis; i < shape.size(); ++i) n *= shape[i];
  return n;
}

// The parameters [first, last) are vectors along the channels of the data; returns their extent.
void check_parameters(InferContext& c, size_t data, size_t first, size_t last) {
  c.expect_rank(data, 2, std::numeric_limits<int64_t>::max());
  PartialShape shape = c.shape(data);
  for (size_t i = first; i < last; ++i) {
    if (i == data) continue;
    c.expect_rank(i, 1, 1);
    if (!shape.rank_is_static() || !c.shape(i).rank_is_static()) continue;
    if (!Dimension::merge(shape[1], shape[1], c.shape(i)[0]))
      c.fail("input {} has {} values, got {} channels", i, c.shape(i)[0].to_string(),
             shape[1].to_string());
  }
  c.set_output(0, c.common_type(0, last), shape);
}

size_t data_input(int version) { return version == 1 ? 2 : 0; }

void infer_batch_norm(InferContext& c) {
  c.expect_inputs(5, 5);
  c.expect_real(0);
  if (c.attrs<BatchNormInference>().epsilon < 0)
    c.fail("epsilon {} is negative", c.attrs<BatchNormInference>().epsilon);
  check_parameters(c, data_input(c.version()), 0, 5);
}

void evaluate_batch_norm(EvalContext& c) {
  const size_t data = data_input(c.version()), gamma_at = data == 0 ? 1 : 0;
  const double epsilon = c.attrs<BatchNormInference>().epsilon;
  const Shape& shape = c.shape(data);
  std::vector<double> x = load<double>(c.input(data));
  const std::vector<double> gamma = load<double>(c.input(gamma_at)),
                            beta = load<double>(c.input(gamma_at + 1)),
                            mean = load<double>(c.input(3)), variance = load<double>(c.input(4));
  const size_t inner = elements_from(shape, 2);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t channel = i / inner % shape[1];
    x[i] = (x[i] - mean[channel]) / std::sqrt(variance[channel] + epsilon) * gamma[channel] +
           beta[channel];
  }
  store(c.output(0), x);
}

void infer_group_norm(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_real(0);
  const int64_t groups = c.attrs<GroupNormalization>().num_groups;
  if (groups <= 0) c.fail("num_groups {} is not positive", groups);
  if (c.shape(0).rank_is_static() && c.shape(0).size() >= 2 && c.shape(0)[1].is_static() &&
      c.shape(0)[1].get_length() % groups != 0)
    c.fail("{} channels do not divide into {} groups", c.shape(0)[1].get_length(), groups);
  check_parameters(c, 0, 1, 3);
}

void evaluate_group_norm(EvalContext& c) {
  const GroupNormalization& a = c.attrs<GroupNormalization>();
  const Shape& shape = c.shape(0);
  std::vector<double> x = load<double>(c.input(0));
  const std::vector<double> scale = load<double>(c.input(1)), bias = load<double>(c.input(2));
  const size_t inner = elements_from(shape, 2), width = shape[1] / size_t(a.num_groups) * inner;
  for (size_t at = 0; at < x.size(); at += width) {
    double mean = 0, squares = 0;
    for (size_t i = at; i < at + width; ++i) mean += x[i];
    mean /= double(width);
    for (size_t i = at; i < at + width; ++i) squares += (x[i] - mean) * (x[i] - mean);
    const double by = 1 / std::sqrt(squares / double(width) + a.epsilon);
    for (size_t i = at; i < at + width; ++i) {
      const size_t channel = i / inner % shape[1];
      x[i] = (x[i] - mean) * by * scale[channel] + bias[channel];
    }
  }
  store(c.output(0), x);
}

void infer_lrn(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_real(0);
  c.expect_integral(1);
  if (const auto axes = c.ints(1); axes && c.shape(0).rank_is_static())
    for (int64_t axis : *axes) c.axis(axis, int64_t(c.shape(0).size()));
  c.set_output(0, c.type(0), c.shape(0));
}

// x / (bias + alpha / size^axes * sum of squares in a window of `size` along each axis)^beta.
void evaluate_lrn(EvalContext& c) {
  const Lrn& a = c.attrs<Lrn>();
  const Shape& shape = c.shape(0);
  std::vector<char> mask = axis_mask(load<int64_t>(c.input(1)), shape.size(), "lrn");
  // As OpenVINO's CPU device has it: across channels when they stand alone, else within each
  // channel.
  size_t count = size_t(std::count(mask.begin(), mask.end(), 1));
  if (count > 1 && mask[1]) mask[1] = 0, --count;
  std::vector<double> x = load<double>(c.input(0)), squares(x.size());
  for (size_t i = 0; i < x.size(); ++i) squares[i] = x[i] * x[i];
  // A window over several axes is a window over one after the other.
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (!mask[axis]) continue;
    const size_t inner = elements_from(shape, axis + 1);
    const int64_t extent = int64_t(shape[axis]), half = (a.size - 1) / 2;
    std::vector<double> sums(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t at = int64_t(i / inner) % extent;
      for (int64_t k = std::max<int64_t>(0, at - half); k < std::min(extent, at + half + 1); ++k)
        sums[i] += squares[size_t(int64_t(i) + (k - at) * int64_t(inner))];
    }
    squares = std::move(sums);
  }
  const double factor = a.alpha / std::pow(double(a.size), double(count));
  for (size_t i = 0; i < x.size(); ++i) x[i] /= std::pow(a.bias + factor * squares[i], a.beta);
  store(c.output(0), x);
}

void infer_grn(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  c.expect_rank(0, 2, 4);
  c.set_output(0, c.type(0), c.shape(0));
}
void evaluate_grn(EvalContext& c) {
  const Shape& shape = c.shape(0);
  const double bias = c.attrs<Grn>().bias;
  std::vector<double> x = load<double>(c.input(0));
  const size_t inner = elements_from(shape, 2), channels = shape[1];
  for (size_t n = 0; n < shape[0]; ++n)
    for (size_t p = 0; p < inner; ++p) {
      double sum = 0;
      for (size_t k = 0; k < channels; ++k) sum += std::pow(x[(n * channels + k) * inner + p], 2);
      for (size_t k = 0; k < channels; ++k)
        x[(n * channels + k) * inner + p] /= std::sqrt(sum + bias);
    }
  store(c.output(0), x);
}

constexpr const AttrType* kBatchNorm = &kAttrType<BatchNormInference>;

}  // namespace

VIREO_DEFINE_OP(batch_norm_1){"BatchNormInference", 1,
                              kBatchNorm,           infer_batch_norm,
                              evaluate_batch_norm,  Tolerance::Rounding};
VIREO_DEFINE_OP(batch_norm_5){"BatchNormInference", 5,
                              kBatchNorm,           infer_batch_norm,
                              evaluate_batch_norm,  Tolerance::Rounding};
VIREO_DEFINE_OP(group_normalization_12){
    "GroupNormalization", 12, &kAttrType<GroupNormalization>, infer_group_norm, evaluate_group_norm,
    Tolerance::Accumulate};
VIREO_DEFINE_OP(lrn_1){"LRN", 1, &kAttrType<Lrn>, infer_lrn, evaluate_lrn, Tolerance::Accumulate};
VIREO_DEFINE_OP(grn_1){"GRN", 1, &kAttrType<Grn>, infer_grn, evaluate_grn, Tolerance::Accumulate};

}  // namespace vireo::ops
