// Gathers: each task copies rows of bytes, or single elements.
#include "devices/cpu/kernels/gather/gather.h"

#include <cstring>

#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskBytes = 16 << 10;

// The index brought into [0, axis), or -1.
int64_t index_at(const void* index, DataType type, int64_t i, int64_t axis) {
  int64_t at = type == DataType::i32 ? static_cast<const int32_t*>(index)[i]
                                     : static_cast<const int64_t*>(index)[i];
  if (at < 0) at += axis;
  return at >= 0 && at < axis ? at : -1;
}

template <typename T>
void move_element(char* dst, const char* src) {
  T element = {};
  if (src) std::memcpy(&element, src, sizeof(T));
  std::memcpy(dst, &element, sizeof(T));
}

void move_row(char* dst, const char* src, int64_t bytes) {
  switch (bytes) {
    case 1: return move_element<uint8_t>(dst, src);
    case 2: return move_element<uint16_t>(dst, src);
    case 4: return move_element<uint32_t>(dst, src);
    case 8: return move_element<uint64_t>(dst, src);
    default:
      if (src)
        std::memcpy(dst, src, static_cast<size_t>(bytes));
      else
        std::memset(dst, 0, static_cast<size_t>(bytes));
  }
}

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
  plan.tasks = params.inner == 0 ? 0 : params.outer * params.count;
  return plan;
}

void run_gather_elements(const GatherElementsPlan& plan, const GatherArgs& args, int64_t task_begin,
                         int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const GatherElementsParams& p = plan.params;
  const char* src = static_cast<const char*>(args.src);
  for (int64_t task = task_begin; task < task_end; ++task) {
    char* dst = static_cast<char*>(args.dst) + task * p.inner * p.element_bytes;
    for (int64_t i = 0; i < p.inner; ++i) {
      const int64_t at = index_at(args.index, p.index_type, task * p.inner + i, p.axis);
      const int64_t offset = ((task / p.count * p.axis + at) * p.inner + i) * p.element_bytes;
      move_row(dst + i * p.element_bytes, at < 0 ? nullptr : src + offset, p.element_bytes);
    }
  }
}

}  // namespace vireo::cpu
