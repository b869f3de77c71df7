// Gathers of rows of bytes by index: Gather along any axis, embedding lookups, GatherElements,
// GatherND.
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

constexpr int kGatherRank = 12;

// dst[i...] = src[i... with index[i...] for the axis]: index and dst have `dims`, dense; src has
// strides of its own, and may be larger beside the axis.
struct GatherElementsParams {
  int rank = 1, axis = 0;
  int64_t dims[kGatherRank] = {}, strides[kGatherRank] = {};
  int64_t extent = 0;  // of src along the axis
  int64_t element_bytes = 4;
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

// dst[b, n] = the row of src[b] at index[b, n], a tuple of `tuple` positions with extents and
// strides.
struct GatherNDParams {
  int64_t batch = 1, count = 0, batch_bytes = 0, row_bytes = 0;
  int tuple = 1;
  int64_t extents[kGatherRank] = {}, strides_bytes[kGatherRank] = {};
  DataType index_type = DataType::i64;  // or i32
};
struct GatherNDPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  GatherNDParams params;
  int64_t rows_per_task = 1;
};
GatherNDPlan plan_gather_nd(const GatherNDParams& params);
void run_gather_nd(const GatherNDPlan& plan, const GatherArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
