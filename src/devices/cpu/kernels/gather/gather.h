// Gathers of rows of bytes by index: Gather along any axis, embedding lookups, GatherElements.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu {

// src [batch, outer, axis, row], index [batch, count], dst [batch, outer, count, row]; all dense.
struct GatherParams {
  int64_t batch = 1, outer = 1, axis = 0, count = 0, row_bytes = 0;
  DataType index_type = DataType::i64;  // or i32
};

struct GatherArgs {
  const void* src;
  const void* index;  // a negative index counts from the end; one out of range gives zeros
  void* dst;
};

struct GatherPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  GatherParams params;
  int64_t rows_per_task = 1;
};

GatherPlan plan_gather(const GatherParams& params);
void run_gather(const GatherPlan& plan, const GatherArgs& args, int64_t task_begin,
                int64_t task_end, void* scratch) noexcept;

// dst[o, k, i] = src[o, index[o, k, i], i]: src [outer, axis, inner], index and dst [outer, count,
// inner].
struct GatherElementsParams {
  int64_t outer = 1, axis = 0, count = 0, inner = 1, element_bytes = 4;
  DataType index_type = DataType::i64;  // or i32
};
struct GatherElementsPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  GatherElementsParams params;
};
GatherElementsPlan plan_gather_elements(const GatherElementsParams& params);
void run_gather_elements(const GatherElementsPlan& plan, const GatherArgs& args, int64_t task_begin,
                         int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
