// The k largest or smallest elements along an axis, and where they were. Of equal elements the one
// with the lower index comes first; NaN comes last.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu {

struct TopKParams {
  int64_t outer = 1, axis = 0, inner = 1;  // src [outer, axis, inner]
  int64_t k = 0;                           // dst [outer, k, inner], k <= axis
  bool largest = true;
  bool by_index = false;                // the found ones in the order of their indices instead
  DataType type = DataType::f32;        // or i32, i64
  DataType index_type = DataType::i32;  // or i64
};

struct TopKPlan {
  int64_t tasks = 0;  // rows along the axis
  size_t scratch_bytes = 0;
  TopKParams params;
};

struct TopKArgs {
  const void* src;
  void *values, *indices;
};

TopKPlan plan_top_k(const TopKParams& params);
void run_top_k(const TopKPlan& plan, const TopKArgs& args, int64_t task_begin, int64_t task_end,
               void* scratch) noexcept;

}  // namespace vireo::cpu
