// Plans and runs softmax: rows or inner positions are the tasks.
#include "devices/cpu/kernels/softmax/softmax.h"

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskElements = 8192;

const SoftmaxTable* table_for(const IsaSet& isa) {
#define VIREO_SOFTMAX_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::softmax_table();
#include "devices/cpu/kernels/softmax/kernels.inc"
#undef VIREO_SOFTMAX_TABLE
  return nullptr;
}

}  // namespace

SoftmaxPlan plan_softmax(int64_t outer, int64_t axis, int64_t inner, bool log, const IsaSet& isa) {
  SoftmaxPlan plan;
  plan.table = table_for(isa);
  plan.outer = outer, plan.axis = axis, plan.inner = inner, plan.log = log;
  if (inner == 1) {
    plan.per_task = axis >= kTaskElements || axis == 0 ? 1 : kTaskElements / axis;
    plan.tasks = divide_up(outer, plan.per_task);
  } else {
    plan.per_task = kSoftmaxColumns;
    plan.scratch_bytes = static_cast<size_t>((axis + 2) * kSoftmaxColumns) * sizeof(float);
    plan.tasks = outer * divide_up(inner, plan.per_task);
  }
  if (axis == 0) plan.tasks = 0;
  return plan;
}

void run_softmax(const SoftmaxPlan& plan, const SoftmaxArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept {
  if (task_begin >= task_end) return;
  if (plan.inner == 1) {
    const int64_t begin = task_begin * plan.per_task, last = task_end * plan.per_task;
    const int64_t end = last < plan.outer ? last : plan.outer;
    plan.table->rows(args.src + begin * plan.axis, args.dst + begin * plan.axis, end - begin,
                     plan.axis, plan.log);
    return;
  }
  const int64_t blocks = divide_up(plan.inner, plan.per_task);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t base = task / blocks * plan.axis * plan.inner,
                  begin = task % blocks * plan.per_task;
    const int64_t end = begin + plan.per_task < plan.inner ? begin + plan.per_task : plan.inner;
    plan.table->columns(args.src + base, args.dst + base, plan.axis, plan.inner, begin, end,
                        plan.log, static_cast<float*>(scratch));
  }
}

}  // namespace vireo::cpu
