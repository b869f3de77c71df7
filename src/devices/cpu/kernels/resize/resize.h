// Resampling of channels-last f32 images of up to three spatial dimensions by tables: output
// position o of an axis is the weighted sum of `taps` input positions. The caller decides
// coordinates, rounding, clamping and weights.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

struct ResizeAxis {
  int64_t in = 1, out = 1;
  int taps = 1;  // 1 nearest, 2 linear, 4 cubic, more with antialiasing
  // [out, taps], each in [0, in); nullptr: the axis is kept (in == out)
  const int32_t* index = nullptr;
  const float* weight = nullptr;  // [out, taps]; nullptr: all 1 (nearest)
};

struct ResizeParams {
  int64_t batch = 0, channels = 0;
  ResizeAxis axis[3];  // depth, height, width
};

struct ResizeTable {
  void (*zero)(float* dst, int64_t n);
  void (*add_scaled)(float* dst, const float* src, float weight, int64_t n);  // dst += weight * src
  // One output row from one input row of the axis.
  void (*row)(const float* src, float* dst, const ResizeAxis& axis, int64_t channels);
};

struct ResizePlan {
  int64_t tasks = 0;  // output rows
  size_t scratch_bytes = 0;
  const ResizeTable* table = nullptr;
  ResizeParams params;  // the tables are the caller's and outlive the plan
};

struct ResizeArgs {
  const float* src;  // [batch, in depth, in height, in width, channels]
  float* dst;
};

ResizePlan plan_resize(const ResizeParams& params, const IsaSet& isa);
void run_resize(const ResizePlan& plan, const ResizeArgs& args, int64_t task_begin,
                int64_t task_end, void* scratch) noexcept;

#define VIREO_RESIZE_TABLE(isa, tier) \
  namespace isa {                     \
  const ResizeTable& resize_table();  \
  }
#include "devices/cpu/kernels/resize/kernels.inc"
#undef VIREO_RESIZE_TABLE

}  // namespace vireo::cpu
