// Reversal of sequences: a row of the output is some row of the source.
#include <cstring>

#include "devices/cpu/kernels/copy/copy.h"

namespace vireo::cpu {

ReversePlan plan_reverse(const ReverseParams& params) {
  ReversePlan plan;
  plan.params = params;
  plan.tasks = params.outer * params.first * params.middle * params.second;
  return plan;
}

void run_reverse(const ReversePlan& plan, const ReverseArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  const ReverseParams& p = plan.params;
  const int64_t extent = p.sequence_first ? p.first : p.second;
  const int64_t step = p.sequence_first ? p.middle * p.second : 1;  // rows to the next position
  const char* src = static_cast<const char*>(args.src);
  char* dst = static_cast<char*>(args.dst);
  for (int64_t row = task_begin; row < task_end; ++row) {
    const int64_t second = row % p.second, first = row / p.second / p.middle % p.first;
    const int64_t at = p.sequence_first ? first : second, b = p.sequence_first ? second : first;
    int64_t length = p.long_lengths ? static_cast<const int64_t*>(args.lengths)[b]
                                    : static_cast<const int32_t*>(args.lengths)[b];
    if (length > extent) length = extent;
    const int64_t from = at < length ? row + (length - 1 - 2 * at) * step : row;
    std::memcpy(dst + row * p.row_bytes, src + from * p.row_bytes,
                static_cast<size_t>(p.row_bytes));
  }
}

}  // namespace vireo::cpu
