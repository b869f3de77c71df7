// Plans and runs rotary embeddings: runs of rows are the tasks.
#include "devices/cpu/kernels/rope/rope.h"

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskElements = 8192;

const RopeTable* table_for(const IsaSet& isa) {
#define VIREO_ROPE_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::rope_table();
#include "devices/cpu/kernels/rope/kernels.inc"
#undef VIREO_ROPE_TABLE
  return nullptr;
}

}  // namespace

RopePlan plan_rope(const RopeParams& params, const IsaSet& isa) {
  RopePlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  plan.rows = 1;
  for (int64_t extent : params.extents) plan.rows *= extent;
  const int64_t depth = params.depth;
  plan.per_task = depth >= kTaskElements || depth == 0 ? 1 : kTaskElements / depth;
  plan.tasks = depth == 0 ? 0 : divide_up(plan.rows, plan.per_task);
  return plan;
}

void run_rope(const RopePlan& plan, const RopeArgs& args, int64_t task_begin, int64_t task_end,
              void*) noexcept {
  const RopeParams& p = plan.params;
  const auto turn = p.interleaved ? plan.table->pairs : plan.table->halves;
  const int64_t last = task_end * plan.per_task, end = last < plan.rows ? last : plan.rows;
  for (int64_t row = task_begin * plan.per_task; row < end; ++row) {
    int64_t rest = row, cos = 0, sin = 0;
    for (int axis = kRopeAxes; axis-- > 0; rest /= p.extents[axis]) {
      cos += rest % p.extents[axis] * p.cos_strides[axis];
      sin += rest % p.extents[axis] * p.sin_strides[axis];
    }
    turn(args.x + row * p.depth, args.cos + cos, args.sin + sin, args.dst + row * p.depth, p.depth);
  }
}

}  // namespace vireo::cpu
