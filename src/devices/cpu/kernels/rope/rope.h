// Rotary position embedding of f32 rows: dst = x cos + turned(x) sin.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

constexpr int kRopeAxes = 4;  // in front of the last

// x is dense [extents..., depth]; cos and sin have an axis of `depth` and strides of their own, 0
// where they are broadcast.
struct RopeParams {
  int64_t extents[kRopeAxes] = {1, 1, 1, 1};
  int64_t cos_strides[kRopeAxes] = {}, sin_strides[kRopeAxes] = {};
  int64_t depth = 0;         // even
  bool interleaved = false;  // pairs are 2i and 2i + 1, else i and i + depth / 2
};

struct RopeTable {
  void (*halves)(const float* x, const float* cos, const float* sin, float* dst, int64_t depth);
  void (*pairs)(const float* x, const float* cos, const float* sin, float* dst, int64_t depth);
};

struct RopePlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const RopeTable* table = nullptr;
  RopeParams params;
  int64_t rows = 0, per_task = 1;
};

struct RopeArgs {
  const float *x, *cos, *sin;
  float* dst;  // may be x
};

RopePlan plan_rope(const RopeParams& params, const IsaSet& isa);
void run_rope(const RopePlan& plan, const RopeArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept;

#define VIREO_ROPE_TABLE(isa, tier) \
  namespace isa {                   \
  const RopeTable& rope_table();    \
  }
#include "devices/cpu/kernels/rope/kernels.inc"
#undef VIREO_ROPE_TABLE

}  // namespace vireo::cpu
