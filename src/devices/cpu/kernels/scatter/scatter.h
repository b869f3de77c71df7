// Scatters of rows of bytes by index, into a tensor that already holds the data; and one-hot rows.
// A negative index counts from the end; one out of range writes nothing. Of two updates of one
// place the later wins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu {

constexpr int kScatterRank = 12;

struct ScatterArgs {
  const void *index, *updates;
  void* dst;
};

// dst [outer, axis, row], index [count], updates [outer, count, row]. A task is an outer row.
struct ScatterRowsParams {
  int64_t outer = 1, axis = 0, count = 0, row_bytes = 0;
  DataType index_type = DataType::i64;  // or i32
};
struct ScatterRowsPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  ScatterRowsParams params;
};
ScatterRowsPlan plan_scatter_rows(const ScatterRowsParams& params);
void run_scatter_rows(const ScatterRowsPlan& plan, const ScatterArgs& args, int64_t task_begin,
                      int64_t task_end, void* scratch) noexcept;

// dst at index[n], a tuple of positions, becomes row n of the updates. One task.
struct ScatterNDParams {
  int64_t count = 0, row_bytes = 0;
  int tuple = 1;
  int64_t extents[kScatterRank] = {}, strides_bytes[kScatterRank] = {};
  DataType index_type = DataType::i64;  // or i32
};
struct ScatterNDPlan {
  int64_t tasks = 1;
  size_t scratch_bytes = 0;
  ScatterNDParams params;
};
ScatterNDPlan plan_scatter_nd(const ScatterNDParams& params);
void run_scatter_nd(const ScatterNDPlan& plan, const ScatterArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept;

// dst[i... with index[i...] for the axis] = updates[i...]: index and updates have `dims`, dense;
// dst has strides of its own, and may be larger. A task is a row of the axes before `axis`.
struct ScatterElementsParams {
  int rank = 1, axis = 0;
  int64_t dims[kScatterRank] = {}, strides[kScatterRank] = {};
  int64_t extent = 0;  // of dst along the axis
  int64_t element_bytes = 4;
  DataType index_type = DataType::i64;  // or i32
};
struct ScatterElementsPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  ScatterElementsParams params;
  int64_t rows_per_task = 1;  // of the last axis
};
ScatterElementsPlan plan_scatter_elements(const ScatterElementsParams& params);
void run_scatter_elements(const ScatterElementsPlan& plan, const ScatterArgs& args,
                          int64_t task_begin, int64_t task_end, void* scratch) noexcept;

// dst [outer, depth, inner] is `off`, and `on` where index [outer, inner] says; an index that is
// negative or not below depth sets nothing, unless negatives count from the end.
struct OneHotParams {
  int64_t outer = 1, depth = 0, inner = 1, element_bytes = 4;
  bool wrap_negative = false;
  DataType index_type = DataType::i64;  // or i32
};
struct OneHotPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  OneHotParams params;
};
struct OneHotArgs {
  const void *index, *on, *off;
  void* dst;
};
OneHotPlan plan_one_hot(const OneHotParams& params);
void run_one_hot(const OneHotPlan& plan, const OneHotArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
