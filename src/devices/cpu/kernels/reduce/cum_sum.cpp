// Running sums: columns side by side, so that the compiler's vectors go along the inner axis.
#include "devices/cpu/kernels/reduce/cum_sum.h"

#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kColumns = 64;

// Sums are kept wider than elements: f32 in f64; integers as unsigned, which wrap.
template <typename T, typename Sum>
void run(const CumSumParams& p, const T* src, T* dst, int64_t columns) {
  Sum sums[kColumns] = {};
  for (int64_t n = 0; n < p.axis; ++n) {
    const int64_t row = (p.reverse ? p.axis - 1 - n : n) * p.inner;
    for (int64_t c = 0; c < columns; ++c) {
      const Sum with = sums[c] + static_cast<Sum>(src[row + c]);
      dst[row + c] = static_cast<T>(p.exclusive ? sums[c] : with);
      sums[c] = with;
    }
  }
}

}  // namespace

CumSumPlan plan_cum_sum(const CumSumParams& params) {
  CumSumPlan plan;
  plan.params = params;
  plan.columns_per_task = params.inner < kColumns ? params.inner : kColumns;
  plan.tasks =
      params.inner == 0 ? 0 : params.outer * divide_up(params.inner, plan.columns_per_task);
  return plan;
}

void run_cum_sum(const CumSumPlan& plan, const CumSumArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const CumSumParams& p = plan.params;
  const int64_t parts = divide_up(p.inner, plan.columns_per_task);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t column = task % parts * plan.columns_per_task;
    const int64_t at = task / parts * p.axis * p.inner + column;
    const int64_t rest = p.inner - column;
    const int64_t columns = rest < plan.columns_per_task ? rest : plan.columns_per_task;
    const auto go = [&](auto element, auto sum) {
      using T = decltype(element);
      run<T, decltype(sum)>(p, static_cast<const T*>(args.src) + at, static_cast<T*>(args.dst) + at,
                            columns);
    };
    switch (p.type) {
      case DataType::i32: go(int32_t{}, uint32_t{}); break;
      case DataType::i64: go(int64_t{}, uint64_t{}); break;
      default: go(float{}, double{}); break;
    }
  }
}

}  // namespace vireo::cpu
