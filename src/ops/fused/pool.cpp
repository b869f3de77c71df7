// vireo.MaxPool and vireo.AvgPool over channels-last data.
#include <limits>

#include "core/values.h"
#include "ops/fused/fused.h"
#include "ops/fused/layout.h"
#include "ops/pool/compute.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedPool& a) {
  v.on("kernel", a.kernel);
  v.on("strides", a.strides);
  v.on("dilations", a.dilations);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("overhang", a.overhang);
  v.on("exclude_pad", a.exclude_pad);
}

namespace {

void infer(InferContext& c) {
  const FusedPool& a = c.attrs<FusedPool>();
  c.expect_inputs(1, 1);
  const int64_t rank = int64_t(a.kernel.size()) + 2;
  c.expect_rank(0, rank, rank);
  std::vector<WindowAxis> axes =
      window_axes(c, a.kernel.size(), a.strides, a.dilations, a.pads_begin, a.pads_end);
  PartialShape out = PartialShape::dynamic(rank);
  if (c.shape(0).rank_is_static()) {
    out = c.shape(0);
    for (size_t i = 0; i < axes.size(); ++i) {
      axes[i].kernel = a.kernel[i];
      out[1 + i] = window_output(out[1 + i], axes[i], AutoPad::Explicit);
    }
  }
  c.set_output(0, c.type(0), out);
}

PoolShape pool_shape(const FusedPool& a, const Shape& in, const Shape& out) {
  PoolShape s;
  s.planes = in[0] * in.back();
  s.exclude_pad = a.exclude_pad;
  std::vector<WindowAxis> axes(a.kernel.size());
  const auto at = [](const std::vector<int64_t>& v, size_t i, int64_t fallback) {
    return i < v.size() ? v[i] : fallback;
  };
  for (size_t i = 0; i < axes.size(); ++i)
    axes[i] = {a.kernel[i], at(a.strides, i, 1), at(a.dilations, i, 1), at(a.pads_begin, i, 0),
               at(a.pads_end, i, 0)};
  set_spatial(s, {in.begin() + 1, in.end() - 1}, {out.begin() + 1, out.end() - 1}, axes);
  return s;
}

template <bool kMaximum>
void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const PoolShape s = pool_shape(c.attrs<FusedPool>(), c.shape(0), out.get_shape());
  const size_t batch = c.shape(0)[0], channels = c.shape(0).back();
  const std::vector<double> x = swap_inner(load<double>(c.input(0)), batch, s.in_size(), channels);
  const std::vector<double> r =
      kMaximum ? max_pool<double>(s, x, std::numeric_limits<double>::lowest()) : avg_pool(s, x);
  store(out, swap_inner(r, batch, channels, s.out_size()));
}

}  // namespace

VIREO_DEFINE_OP(fused_max_pool_0){"vireo.MaxPool", 0, &kAttrType<FusedPool>, infer, evaluate<true>};
VIREO_DEFINE_OP(fused_avg_pool_0){
    "vireo.AvgPool", 0, &kAttrType<FusedPool>, infer, evaluate<false>, Tolerance::Accumulate};

}  // namespace vireo::ops
