// Softmax and log-softmax of dense f32 tensors seen as [outer, axis, inner].
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

constexpr int64_t kSoftmaxColumns = 64;

struct SoftmaxTable {
  void (*rows)(const float* src, float* dst, int64_t rows, int64_t axis, bool log);
  // Inner positions [begin, end) of one [axis, inner] block, at most kSoftmaxColumns; scratch holds
  // (axis + 2) * kSoftmaxColumns floats.
  void (*columns)(const float* src, float* dst, int64_t axis, int64_t inner, int64_t begin,
                  int64_t end, bool log, float* scratch);
};

struct SoftmaxPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const SoftmaxTable* table = nullptr;
  int64_t outer = 0, axis = 0, inner = 1;
  int64_t per_task = 1;  // rows (inner == 1) or inner positions
  bool log = false;
};

struct SoftmaxArgs {
  const float* src;
  float* dst;  // may be src
};

// A row of only -infinity gives NaN, as the formula does.
SoftmaxPlan plan_softmax(int64_t outer, int64_t axis, int64_t inner, bool log, const IsaSet& isa);
void run_softmax(const SoftmaxPlan& plan, const SoftmaxArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept;

#define VIREO_SOFTMAX_TABLE(isa, tier) \
  namespace isa {                      \
  const SoftmaxTable& softmax_table(); \
  }
#include "devices/cpu/kernels/softmax/kernels.inc"
#undef VIREO_SOFTMAX_TABLE

}  // namespace vireo::cpu
