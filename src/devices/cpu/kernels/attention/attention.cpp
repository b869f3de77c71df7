// Plans and runs attention: a task is a block of query rows of one head.
#include "devices/cpu/kernels/attention/attention.h"

#include <algorithm>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

const AttentionTable* table_for(const IsaSet& isa) {
#define VIREO_ATTENTION_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::attention_table();
#include "devices/cpu/kernels/attention/kernels.inc"
#undef VIREO_ATTENTION_TABLE
  return nullptr;
}

}  // namespace

AttentionPlan plan_attention(const AttentionParams& params, const IsaSet& isa) {
  AttentionPlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  plan.row_blocks = divide_up(params.q_length, kAttentionRows);
  plan.rows_per_task = divide_up(params.q_length, std::max<int64_t>(1, plan.row_blocks));
  plan.tasks = params.batch * params.heads * plan.row_blocks;
  const int64_t out_stride = round_up(params.value_size, 16);
  const int64_t floats = round_up(params.head_size, 2) * kAttentionKeys +
                         kAttentionRows * (kAttentionKeys + 2 + out_stride) +
                         kAttentionRows * round_up(params.head_size, 16) +
                         kAttentionKeys / 2 * out_stride;
  plan.scratch_bytes = static_cast<size_t>(floats) * sizeof(float);
  return plan;
}

void run_attention(const AttentionPlan& plan, const AttentionArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept {
  const AttentionParams& p = plan.params;
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t begin = task % plan.row_blocks * plan.rows_per_task,
                  last = begin + plan.rows_per_task;
    const int64_t head = task / plan.row_blocks % p.heads, batch = task / plan.row_blocks / p.heads;
    plan.table->rows(p, args, batch, head, begin, last < p.q_length ? last : p.q_length,
                     static_cast<float*>(scratch));
  }
}

}  // namespace vireo::cpu
