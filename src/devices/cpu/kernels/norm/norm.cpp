// Plans and runs the normalisations.
#include "devices/cpu/kernels/norm/norm.h"

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskElements = 8192, kColumnsPerTask = 64;

const NormTable* table_for(const IsaSet& isa) {
#define VIREO_NORM_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::norm_table();
#include "devices/cpu/kernels/norm/kernels.inc"
#undef VIREO_NORM_TABLE
  return nullptr;
}

int64_t rows_for(int64_t size) {
  return size >= kTaskElements || size == 0 ? 1 : kTaskElements / size;
}

}  // namespace

LayerNormPlan plan_layer_norm(const LayerNormParams& params, const IsaSet& isa) {
  LayerNormPlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  plan.rows_per_task = rows_for(params.size);
  plan.tasks = params.size == 0 ? 0 : divide_up(params.rows, plan.rows_per_task);
  plan.scratch_bytes = static_cast<size_t>(params.size) * sizeof(float);
  return plan;
}

void run_layer_norm(const LayerNormPlan& plan, const LayerNormArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept {
  const int64_t last = task_end * plan.rows_per_task;
  plan.table->layer_rows(plan.params, args, task_begin * plan.rows_per_task,
                         last < plan.params.rows ? last : plan.params.rows,
                         static_cast<float*>(scratch));
}

GroupNormPlan plan_group_norm(const GroupNormParams& params, const IsaSet& isa) {
  GroupNormPlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  if (params.channels == 0 || params.spatial == 0) return plan;
  const int64_t group_size = params.channels / params.groups;
  plan.channels_per_task = round_up(group_size > 64 ? group_size : 64, group_size);
  if (plan.channels_per_task > params.channels) plan.channels_per_task = params.channels;
  plan.tasks = params.batch * divide_up(params.channels, plan.channels_per_task);
  plan.scratch_bytes = static_cast<size_t>(plan.channels_per_task) * 2 * sizeof(float);
  return plan;
}

void run_group_norm(const GroupNormPlan& plan, const GroupNormArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept {
  if (task_begin >= task_end) return;
  const int64_t blocks = divide_up(plan.params.channels, plan.channels_per_task);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t begin = task % blocks * plan.channels_per_task,
                  last = begin + plan.channels_per_task;
    plan.table->group_channels(plan.params, args, task / blocks, begin,
                               last < plan.params.channels ? last : plan.params.channels,
                               static_cast<float*>(scratch));
  }
}

NormalizeL2Plan plan_normalize_l2(const NormalizeL2Params& params, const IsaSet& isa) {
  NormalizeL2Plan plan;
  plan.table = table_for(isa);
  plan.params = params;
  if (params.axis == 0) return plan;
  plan.per_task = params.inner == 1 ? rows_for(params.axis) : kColumnsPerTask;
  plan.tasks = params.inner == 1 ? divide_up(params.outer, plan.per_task)
                                 : params.outer * divide_up(params.inner, plan.per_task);
  return plan;
}

void run_normalize_l2(const NormalizeL2Plan& plan, const NormArgs& args, int64_t task_begin,
                      int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const NormalizeL2Params& p = plan.params;
  if (p.inner == 1) {
    const int64_t last = task_end * plan.per_task;
    return plan.table->l2_rows(p, args, task_begin * plan.per_task,
                               last < p.outer ? last : p.outer);
  }
  const int64_t blocks = divide_up(p.inner, plan.per_task);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t begin = task % blocks * plan.per_task, last = begin + plan.per_task;
    plan.table->l2_columns(p, args, task / blocks, begin, last < p.inner ? last : p.inner);
  }
}

LrnPlan plan_lrn(const LrnParams& params, const IsaSet& isa) {
  LrnPlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  plan.rows_per_task = rows_for(params.channels);
  plan.tasks = params.channels == 0 ? 0 : divide_up(params.rows, plan.rows_per_task);
  plan.scratch_bytes = static_cast<size_t>(params.channels + params.size + 32) * sizeof(float);
  return plan;
}

void run_lrn(const LrnPlan& plan, const NormArgs& args, int64_t task_begin, int64_t task_end,
             void* scratch) noexcept {
  const int64_t last = task_end * plan.rows_per_task;
  plan.table->lrn_rows(plan.params, args, task_begin * plan.rows_per_task,
                       last < plan.params.rows ? last : plan.params.rows,
                       static_cast<float*>(scratch));
}

}  // namespace vireo::cpu
