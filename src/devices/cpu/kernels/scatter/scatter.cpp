// Scatters: updates in their order, so that the later of two wins.
#include "devices/cpu/kernels/scatter/scatter.h"

#include "devices/cpu/kernels/gather/index.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {

ScatterRowsPlan plan_scatter_rows(const ScatterRowsParams& params) {
  ScatterRowsPlan plan;
  plan.params = params;
  plan.tasks = params.outer;
  return plan;
}

void run_scatter_rows(const ScatterRowsPlan& plan, const ScatterArgs& args, int64_t task_begin,
                      int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const ScatterRowsParams& p = plan.params;
  for (int64_t outer = task_begin; outer < task_end; ++outer) {
    char* dst = static_cast<char*>(args.dst) + outer * p.axis * p.row_bytes;
    const char* from = static_cast<const char*>(args.updates) + outer * p.count * p.row_bytes;
    for (int64_t i = 0; i < p.count; ++i, from += p.row_bytes) {
      const int64_t at = index_at(args.index, p.index_type, i, p.axis);
      if (at >= 0) move_row(dst + at * p.row_bytes, from, p.row_bytes);
    }
  }
}

ScatterNDPlan plan_scatter_nd(const ScatterNDParams& params) {
  ScatterNDPlan plan;
  plan.params = params;
  return plan;
}

void run_scatter_nd(const ScatterNDPlan& plan, const ScatterArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const ScatterNDParams& p = plan.params;
  if (task_begin >= task_end) return;
  const char* from = static_cast<const char*>(args.updates);
  for (int64_t n = 0; n < p.count; ++n, from += p.row_bytes) {
    int64_t to = 0;
    bool inside = true;
    for (int k = 0; k < p.tuple; ++k) {
      const int64_t at = index_at(args.index, p.index_type, n * p.tuple + k, p.extents[k]);
      inside = inside && at >= 0;
      to += at * p.strides_bytes[k];
    }
    if (inside) move_row(static_cast<char*>(args.dst) + to, from, p.row_bytes);
  }
}

ScatterElementsPlan plan_scatter_elements(const ScatterElementsParams& params) {
  ScatterElementsPlan plan;
  plan.params = params;
  plan.tasks = 1;
  for (int d = 0; d + 1 < params.rank; ++d)
    (d < params.axis ? plan.tasks : plan.rows_per_task) *= params.dims[d];
  return plan;
}

void run_scatter_elements(const ScatterElementsPlan& plan, const ScatterArgs& args,
                          int64_t task_begin, int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const ScatterElementsParams& p = plan.params;
  const int last = p.rank - 1;
  const int64_t end = task_end * plan.rows_per_task, columns = p.dims[last];
  for (int64_t row = task_begin * plan.rows_per_task; row < end; ++row) {
    int64_t base = 0, rest = row;
    for (int d = last - 1; d >= 0; --d) {
      if (d != p.axis) base += rest % p.dims[d] * p.strides[d];
      rest /= p.dims[d];
    }
    const int64_t step = last == p.axis ? 0 : p.strides[last];
    for (int64_t i = 0; i < columns; ++i) {
      const int64_t element = row * columns + i;
      const int64_t at = index_at(args.index, p.index_type, element, p.extent);
      if (at < 0) continue;
      const int64_t to = base + i * step + at * p.strides[p.axis];
      move_row(static_cast<char*>(args.dst) + to * p.element_bytes,
               static_cast<const char*>(args.updates) + element * p.element_bytes, p.element_bytes);
    }
  }
}

OneHotPlan plan_one_hot(const OneHotParams& params) {
  OneHotPlan plan;
  plan.params = params;
  plan.tasks = params.outer;
  return plan;
}

void run_one_hot(const OneHotPlan& plan, const OneHotArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const OneHotParams& p = plan.params;
  const char *on = static_cast<const char*>(args.on), *off = static_cast<const char*>(args.off);
  for (int64_t outer = task_begin; outer < task_end; ++outer) {
    char* dst = static_cast<char*>(args.dst) + outer * p.depth * p.inner * p.element_bytes;
    for (int64_t i = 0; i < p.depth * p.inner; ++i)
      move_row(dst + i * p.element_bytes, off, p.element_bytes);
    for (int64_t i = 0; i < p.inner; ++i) {
      int64_t at = plain_index(args.index, p.index_type, outer * p.inner + i);
      if (at < 0 && p.wrap_negative) at += p.depth;
      if (at >= 0 && at < p.depth)
        move_row(dst + (at * p.inner + i) * p.element_bytes, on, p.element_bytes);
    }
  }
}

}  // namespace vireo::cpu
