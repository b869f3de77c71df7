// Plans and runs reductions; integers and booleans are reduced here, in plain loops over their
// type.
#include "devices/cpu/kernels/reduce/reduce.h"

#include <limits>
#include <type_traits>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskElements = 8192, kColumnsPerTask = 64;

const ReduceTable* table_for(const IsaSet& isa) {
#define VIREO_REDUCE_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::reduce_table();
#include "devices/cpu/kernels/reduce/kernels.inc"
#undef VIREO_REDUCE_TABLE
  return nullptr;
}

// Wraps around as the operators' definition asks: arithmetic is unsigned.
template <typename T>
T join(ReduceOp op, T a, T x) {
  using U = std::make_unsigned_t<T>;
  switch (op) {
    case ReduceOp::max: return a > x ? a : x;
    case ReduceOp::min: return a < x ? a : x;
    case ReduceOp::prod: return static_cast<T>(static_cast<U>(a) * static_cast<U>(x));
    case ReduceOp::l1:
      return static_cast<T>(static_cast<U>(a) +
                            (x < 0 ? U{0} - static_cast<U>(x) : static_cast<U>(x)));
    case ReduceOp::sum_square:
      return static_cast<T>(static_cast<U>(a) + static_cast<U>(x) * static_cast<U>(x));
    default: return static_cast<T>(static_cast<U>(a) + static_cast<U>(x));
  }
}

template <typename T>
T identity(ReduceOp op) {
  if (op == ReduceOp::max) return std::numeric_limits<T>::min();
  if (op == ReduceOp::min) return std::numeric_limits<T>::max();
  return op == ReduceOp::prod ? 1 : 0;
}

template <typename T>
void reduce_integers(const ReducePlan& plan, const T* src, T* dst, int64_t outer, int64_t begin,
                     int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    T value = identity<T>(plan.op);
    const T* at = src + outer * plan.axis * plan.inner + i;
    for (int64_t a = 0; a < plan.axis; ++a) value = join(plan.op, value, at[a * plan.inner]);
    if (plan.op == ReduceOp::mean && plan.axis > 0) value = static_cast<T>(value / plan.axis);
    dst[outer * plan.inner + i] = value;
  }
}

void reduce_booleans(const ReducePlan& plan, const uint8_t* src, uint8_t* dst, int64_t outer,
                     int64_t begin, int64_t end) {
  const bool is_and = plan.op == ReduceOp::min;
  for (int64_t i = begin; i < end; ++i) {
    bool value = is_and;
    const uint8_t* at = src + outer * plan.axis * plan.inner + i;
    for (int64_t a = 0; a < plan.axis; ++a)
      value = is_and ? value && at[a * plan.inner] : value || at[a * plan.inner];
    dst[outer * plan.inner + i] = value;
  }
}

void reduce_typed(const ReducePlan& plan, const ReduceArgs& args, int64_t outer, int64_t begin,
                  int64_t end) {
  switch (plan.type) {
    case DataType::i32:
      return reduce_integers(plan, static_cast<const int32_t*>(args.src),
                             static_cast<int32_t*>(args.dst), outer, begin, end);
    case DataType::i64:
      return reduce_integers(plan, static_cast<const int64_t*>(args.src),
                             static_cast<int64_t*>(args.dst), outer, begin, end);
    default:
      return reduce_booleans(plan, static_cast<const uint8_t*>(args.src),
                             static_cast<uint8_t*>(args.dst), outer, begin, end);
  }
}

}  // namespace

ReducePlan plan_reduce(ReduceOp op, DataType type, int64_t outer, int64_t axis, int64_t inner,
                       const IsaSet& isa) {
  ReducePlan plan;
  plan.table = table_for(isa);
  plan.op = op, plan.type = type, plan.outer = outer, plan.axis = axis, plan.inner = inner;
  if (inner == 1) {
    plan.per_task = axis >= kTaskElements || axis == 0 ? 1 : kTaskElements / axis;
    plan.tasks = divide_up(outer, plan.per_task);
  } else {
    plan.per_task = kColumnsPerTask;
    plan.tasks = outer * divide_up(inner, plan.per_task);
  }
  return plan;
}

void run_reduce(const ReducePlan& plan, const ReduceArgs& args, int64_t task_begin,
                int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const bool f32 = plan.type == DataType::f32;
  const float* src = static_cast<const float*>(args.src);
  float* dst = static_cast<float*>(args.dst);
  const int op = static_cast<int>(plan.op);
  if (plan.inner == 1 && task_begin < task_end) {
    const int64_t begin = task_begin * plan.per_task, last = task_end * plan.per_task;
    const int64_t end = last < plan.outer ? last : plan.outer;
    if (f32)
      return plan.table->rows[op](src + begin * plan.axis, dst + begin, end - begin, plan.axis);
    for (int64_t r = begin; r < end; ++r) reduce_typed(plan, args, r, 0, 1);
    return;
  }
  const int64_t blocks = divide_up(plan.inner, plan.per_task);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t outer = task / blocks, begin = task % blocks * plan.per_task;
    const int64_t end = begin + plan.per_task < plan.inner ? begin + plan.per_task : plan.inner;
    if (!f32)
      reduce_typed(plan, args, outer, begin, end);
    else
      plan.table->columns[op](src + outer * plan.axis * plan.inner, dst + outer * plan.inner,
                              plan.axis, plan.inner, begin, end);
  }
}

}  // namespace vireo::cpu
