// Plans and runs resampling, separably: an output row is first the weighted sum of whole input
// rows, then resampled along the width.
#include "devices/cpu/kernels/resize/resize.h"

#include <cstring>

#include "base/arch/isa.h"

namespace vireo::cpu {
namespace {

const ResizeTable* table_for(const IsaSet& isa) {
#define VIREO_RESIZE_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::resize_table();
#include "devices/cpu/kernels/resize/kernels.inc"
#undef VIREO_RESIZE_TABLE
  return nullptr;
}

int taps_of(const ResizeAxis& axis) { return axis.index ? axis.taps : 1; }
int64_t index_of(const ResizeAxis& axis, int64_t out, int tap) {
  return axis.index ? axis.index[out * axis.taps + tap] : out;
}
float weight_of(const ResizeAxis& axis, int64_t out, int tap) {
  return axis.index && axis.weight ? axis.weight[out * axis.taps + tap] : 1.0f;
}

// The input row, or the weighted sum of several, of one output (depth, height).
const float* blend_rows(const ResizePlan& plan, const float* image, int64_t d, int64_t h,
                        float* row) {
  const ResizeAxis &depth = plan.params.axis[0], &height = plan.params.axis[1],
                   &width = plan.params.axis[2];
  const int64_t size = width.in * plan.params.channels;
  const int depth_taps = taps_of(depth), height_taps = taps_of(height);
  auto source = [&](int i, int j) {
    return image + (index_of(depth, d, i) * height.in + index_of(height, h, j)) * size;
  };
  if (depth_taps * height_taps == 1 && weight_of(depth, d, 0) == 1.0f &&
      weight_of(height, h, 0) == 1.0f)
    return source(0, 0);
  plan.table->zero(row, size);
  for (int i = 0; i < depth_taps; ++i)
    for (int j = 0; j < height_taps; ++j) {
      const float weight = weight_of(depth, d, i) * weight_of(height, h, j);
      if (weight != 0.0f) plan.table->add_scaled(row, source(i, j), weight, size);
    }
  return row;
}

}  // namespace

ResizePlan plan_resize(const ResizeParams& params, const IsaSet& isa) {
  ResizePlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  plan.tasks = params.batch * params.axis[0].out * params.axis[1].out;
  plan.scratch_bytes = static_cast<size_t>(params.axis[2].in * params.channels) * sizeof(float);
  return plan;
}

void run_resize(const ResizePlan& plan, const ResizeArgs& args, int64_t task_begin,
                int64_t task_end, void* scratch) noexcept {
  const ResizeParams& p = plan.params;
  const int64_t in_image = p.axis[0].in * p.axis[1].in * p.axis[2].in * p.channels;
  const int64_t out_row = p.axis[2].out * p.channels;
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t h = task % p.axis[1].out, d = task / p.axis[1].out % p.axis[0].out;
    const int64_t image = task / (p.axis[1].out * p.axis[0].out);
    const float* row =
        blend_rows(plan, args.src + image * in_image, d, h, static_cast<float*>(scratch));
    float* dst = args.dst + task * out_row;
    if (p.axis[2].index)
      plan.table->row(row, dst, p.axis[2], p.channels);
    else
      std::memcpy(dst, row, static_cast<size_t>(out_row) * sizeof(float));
  }
}

}  // namespace vireo::cpu
