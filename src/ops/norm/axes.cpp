// Normalisations over given axes: MVN, NormalizeL2, RMS.
#include <cmath>

#include "core/values.h"
#include "ops/norm/norm.h"
#include "ops/reduction/reduce.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Mvn2& a) {
  v.on("eps", a.eps);
  v.on("across_channels", a.across_channels);
  v.on("normalize_variance", a.normalize_variance);
  v.on("reduction_axes", a.reduction_axes);
}
void visit(AttrVisitor& v, Mvn& a) {
  v.on("eps", a.eps);
  v.on("normalize_variance", a.normalize_variance);
  v.on("eps_mode", a.eps_mode, kMvnEpsModeNames);
}
void visit(AttrVisitor& v, NormalizeL2& a) {
  v.on("eps", a.eps);
  v.on("eps_mode", a.eps_mode, kEpsModeNames);
}
void visit(AttrVisitor& v, Rms& a) {
  v.on("epsilon", a.epsilon);
  v.on("output_type", a.output_type);
}

namespace {

void infer_mvn2(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  if (c.shape(0).rank_is_static())
    for (int64_t axis : c.attrs<Mvn2>().reduction_axes) c.axis(axis, int64_t(c.shape(0).size()));
  c.set_output(0, c.type(0), c.shape(0));
}
void infer_with_axes(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_real(0);
  c.expect_integral(1);
  if (const auto axes = c.ints(1); axes && c.shape(0).rank_is_static())
    for (int64_t axis : *axes) c.axis(axis, int64_t(c.shape(0).size()));
  c.set_output(0, c.type(0), c.shape(0));
}

void mvn(EvalContext& c, const std::vector<char>& mask, double eps, bool normalise,
         MvnEpsMode mode) {
  const Shape &shape = c.shape(0), kept = reduced_shape(shape, mask);
  std::vector<double> x = load<double>(c.input(0)), mean(shape_size(kept)), variance(mean.size());
  const double count = mean.empty() ? 1 : double(x.size()) / double(mean.size());
  for_groups(shape, kept, [&](size_t i, size_t g) { mean[g] += x[i] / count; });
  for_groups(shape, kept, [&](size_t i, size_t g) {
    x[i] -= mean[g];
    variance[g] += x[i] * x[i] / count;
  });
  if (normalise)
    for_groups(shape, kept, [&](size_t i, size_t g) {
      x[i] /= mode == MvnEpsMode::InsideSqrt ? std::sqrt(variance[g] + eps)
                                             : std::sqrt(variance[g]) + eps;
    });
  store(c.output(0), x);
}

void evaluate_mvn2(EvalContext& c) {
  const Mvn2& a = c.attrs<Mvn2>();
  const size_t rank = c.shape(0).size();
  std::vector<int64_t> axes = a.reduction_axes;
  if (axes.empty())
    for (size_t i = a.across_channels ? 1 : 2; i < rank; ++i) axes.push_back(int64_t(i));
  mvn(c, axis_mask(axes, rank, "mvn"), a.eps, a.normalize_variance, MvnEpsMode::InsideSqrt);
}
void evaluate_mvn(EvalContext& c) {
  const Mvn& a = c.attrs<Mvn>();
  mvn(c, axis_mask(load<int64_t>(c.input(1)), c.shape(0).size(), "mvn"), a.eps,
      a.normalize_variance, a.eps_mode);
}

void evaluate_l2(EvalContext& c) {
  const NormalizeL2& a = c.attrs<NormalizeL2>();
  const Shape &shape = c.shape(0),
              kept = reduced_shape(
                  shape, axis_mask(load<int64_t>(c.input(1)), shape.size(), "normalizel2"));
  std::vector<double> x = load<double>(c.input(0)), sum(shape_size(kept));
  // Without axes each element is divided by itself.
  if (c.input(1).get_size() == 0) {
    for (double& v : x) v = v == 0 ? 0 : 1;
    return store(c.output(0), x);
  }
  for_groups(shape, kept, [&](size_t i, size_t g) { sum[g] += x[i] * x[i]; });
  for_groups(shape, kept, [&](size_t i, size_t g) {
    x[i] /= std::sqrt(a.eps_mode == EpsMode::Add ? sum[g] + a.eps : std::max(sum[g], a.eps));
  });
  store(c.output(0), x);
}

void infer_rms(InferContext& c) {
  c.expect_inputs(1, 2);
  c.expect_rank(0, 1, 64);
  const element::Type wanted = c.attrs<Rms>().output_type;
  c.set_output(0, wanted.is_static() ? wanted : c.type(0), c.shape(0));
}
void evaluate_rms(EvalContext& c) {
  std::vector<double> x = load<double>(c.input(0)), gamma;
  if (c.inputs() == 2) gamma = load<double>(c.input(1));
  const size_t width = c.shape(0).back();
  for (size_t at = 0; at < x.size(); at += width) {
    double sum = 0;
    for (size_t i = 0; i < width; ++i) sum += x[at + i] * x[at + i];
    const double by = 1 / std::sqrt(sum / double(width) + c.attrs<Rms>().epsilon);
    for (size_t i = 0; i < width; ++i)
      x[at + i] *= by * (gamma.empty() ? 1 : gamma[i % gamma.size()]);
  }
  store(c.output(0), x);
}

}  // namespace

VIREO_DEFINE_OP(mvn_2){
    "MVN", 2, &kAttrType<Mvn2>, infer_mvn2, evaluate_mvn2, Tolerance::Accumulate};
VIREO_DEFINE_OP(mvn_6){
    "MVN", 6, &kAttrType<Mvn>, infer_with_axes, evaluate_mvn, Tolerance::Accumulate};
VIREO_DEFINE_OP(normalize_l2_1){"NormalizeL2",   1,           &kAttrType<NormalizeL2>,
                                infer_with_axes, evaluate_l2, Tolerance::Accumulate};
VIREO_DEFINE_OP(rms_1){"RMS", 1, &kAttrType<Rms>, infer_rms, evaluate_rms, Tolerance::Accumulate};

}  // namespace vireo::ops
