// Reductions of dense tensors seen as [outer, axis, inner] over the middle axis, with a summation
// order that depends on the shape alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

// l1: sum |x|; l2: sqrt(sum x^2). For booleans min is "and", max is "or".
enum class ReduceOp : uint8_t {
  sum,
  mean,
  max,
  min,
  prod,
  l1,
  l2,
  sum_square,
  log_sum,
  log_sum_exp
};
constexpr int kReduceOpCount = 10;

struct ReduceTable {
  // dst[r] of `rows` dense rows.
  void (*rows[kReduceOpCount])(const float* src, float* dst, int64_t rows, int64_t axis);
  // dst[i] for inner positions [begin, end) of one [axis, inner] block.
  void (*columns[kReduceOpCount])(const float* src, float* dst, int64_t axis, int64_t inner,
                                  int64_t begin, int64_t end);
};

struct ReducePlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const ReduceTable* table = nullptr;
  ReduceOp op = ReduceOp::sum;
  DataType type = DataType::f32;
  int64_t outer = 0, axis = 0, inner = 1;
  int64_t per_task = 1;  // rows (inner == 1) or inner positions
};

struct ReduceArgs {
  const void* src;
  void* dst;  // [outer, inner] of the same type
};

// Types: f32 (all ops), i32 and i64 (all but l2 and the logarithms; sums wrap, mean truncates),
// boolean (min, max). An empty axis gives the identity of the op: 0 for sums, 1 for prod,
// -+infinity or the type's extremes for max and min.
ReducePlan plan_reduce(ReduceOp op, DataType type, int64_t outer, int64_t axis, int64_t inner,
                       const IsaSet& isa);
void run_reduce(const ReducePlan& plan, const ReduceArgs& args, int64_t task_begin,
                int64_t task_end, void* scratch) noexcept;

#define VIREO_REDUCE_TABLE(isa, tier) \
  namespace isa {                     \
  const ReduceTable& reduce_table();  \
  }
#include "devices/cpu/kernels/reduce/kernels.inc"
#undef VIREO_REDUCE_TABLE

}  // namespace vireo::cpu
