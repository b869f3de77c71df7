// Gathers: each task copies rows of bytes, or single elements.
#include "devices/cpu/kernels/gather/gather.h"

#include "devices/cpu/kernels/gather/index.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskBytes = 16 << 10;

}  // namespace

GatherPlan plan_gather(const GatherParams& params) {
  GatherPlan plan;
  plan.params = params;
  const int64_t fit = params.row_bytes > 0 ? kTaskBytes / params.row_bytes : kTaskBytes;
  plan.rows_per_task = fit > 1 ? fit : 1;
  plan.tasks = divide_up(params.batch * params.outer * params.count, plan.rows_per_task);
  return plan;
}

void run_gather(const GatherPlan& plan, const GatherArgs& args, int64_t task_begin,
                int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const GatherParams& p = plan.params;
  const int64_t rows = p.batch * p.outer * p.count, last = task_end * plan.rows_per_task;
  const int64_t begin = task_begin * plan.rows_per_task, end = last < rows ? last : rows;
  if (begin >= end) return;
  const char* src = static_cast<const char*>(args.src);
  char* dst = static_cast<char*>(args.dst) + begin * p.row_bytes;
  int64_t outer = begin / p.count, k = begin % p.count;
  for (int64_t row = begin; row < end; ++row, dst += p.row_bytes) {
    const int64_t at = index_at(args.index, p.index_type, outer / p.outer * p.count + k, p.axis);
    move_row(dst, at < 0 ? nullptr : src + (outer * p.axis + at) * p.row_bytes, p.row_bytes);
    if (++k == p.count) k = 0, ++outer;
  }
}

GatherElementsPlan plan_gather_elements(const GatherElementsParams& params) {
  GatherElementsPlan plan;
  plan.params = params;
  plan.tasks = 1;
  for (int d = 0; d + 1 < params.rank; ++d) plan.tasks *= params.dims[d];
  return plan;
}

void run_gather_elements(const GatherElementsPlan& plan, const GatherArgs& args, int64_t task_begin,
                         int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const GatherElementsParams& p = plan.params;
  const char* src = static_cast<const char*>(args.src);
  const int last = p.rank - 1;
  for (int64_t task = task_begin; task < task_end; ++task) {
    int64_t base = 0, rest = task;
    for (int d = last - 1; d >= 0; --d) {
      if (d != p.axis) base += rest % p.dims[d] * p.strides[d];
      rest /= p.dims[d];
    }
    const int64_t step = last == p.axis ? 0 : p.strides[last];
    int64_t element = task * p.dims[last];
    for (int64_t i = 0; i < p.dims[last]; ++i, ++element) {
      const int64_t at = index_at(args.index, p.index_type, element, p.extent);
      const char* from = src + (base + i * step + at * p.strides[p.axis]) * p.element_bytes;
      move_row(static_cast<char*>(args.dst) + element * p.element_bytes, at < 0 ? nullptr : from,
               p.element_bytes);
    }
  }
}

GatherNDPlan plan_gather_nd(const GatherNDParams& params) {
  GatherNDPlan plan;
  plan.params = params;
  const int64_t fit = params.row_bytes > 0 ? kTaskBytes / params.row_bytes : kTaskBytes;
  plan.rows_per_task = fit > 1 ? fit : 1;
  plan.tasks = divide_up(params.batch * params.count, plan.rows_per_task);
  return plan;
}

void run_gather_nd(const GatherNDPlan& plan, const GatherArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const GatherNDParams& p = plan.params;
  const int64_t rows = p.batch * p.count, last = task_end * plan.rows_per_task;
  for (int64_t row = task_begin * plan.rows_per_task; row < last && row < rows; ++row) {
    int64_t from = row / p.count * p.batch_bytes;
    bool inside = true;
    for (int k = 0; k < p.tuple; ++k) {
      const int64_t at = index_at(args.index, p.index_type, row * p.tuple + k, p.extents[k]);
      inside = inside && at >= 0;
      from += at * p.strides_bytes[k];
    }
    move_row(static_cast<char*>(args.dst) + row * p.row_bytes,
             inside ? static_cast<const char*>(args.src) + from : nullptr, p.row_bytes);
  }
}

}  // namespace vireo::cpu
