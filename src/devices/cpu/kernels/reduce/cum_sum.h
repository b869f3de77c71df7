// Running sums along an axis.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu {

struct CumSumParams {
  int64_t outer = 1, axis = 0, inner = 1;  // src and dst [outer, axis, inner]
  bool exclusive = false;                  // a sum leaves out its own element
  bool reverse = false;                    // from the end
  DataType type = DataType::f32;           // or i32, i64; integers wrap
};

struct CumSumPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  CumSumParams params;
  int64_t columns_per_task = 1;  // of [outer, inner]
};

struct CumSumArgs {
  const void* src;
  void* dst;  // may be src
};

CumSumPlan plan_cum_sum(const CumSumParams& params);
void run_cum_sum(const CumSumPlan& plan, const CumSumArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
