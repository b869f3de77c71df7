// Plans and runs look-ups: a task is a stretch of codes.
#include "devices/cpu/kernels/table/table.h"

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kCodesPerTask = 16384;

TableFn function_for(const IsaSet& isa) {
#define VIREO_TABLE_FN(ns, tier) \
  if (isa.has(Isa::tier)) return ns::look_up;
#include "devices/cpu/kernels/table/kernels.inc"
#undef VIREO_TABLE_FN
  return nullptr;
}

}  // namespace

TablePlan plan_table(int64_t count, const IsaSet& isa) {
  TablePlan plan;
  plan.fn = function_for(isa);
  plan.count = count;
  plan.tasks = divide_up(count, kCodesPerTask);
  return plan;
}

void run_table(const TablePlan& plan, const TableArgs& args, int64_t task_begin, int64_t task_end,
               void*) noexcept {
  const int64_t begin = task_begin * kCodesPerTask;
  const int64_t end = task_end * kCodesPerTask < plan.count ? task_end * kCodesPerTask : plan.count;
  if (begin < end) plan.fn(args.table, args.src + begin, args.dst + begin, end - begin);
}

}  // namespace vireo::cpu
