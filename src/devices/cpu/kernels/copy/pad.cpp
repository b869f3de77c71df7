// Padding: every row of the output is a row of the source with its ends filled, or a constant.
#include <cstring>

#include "devices/cpu/kernels/copy/copy.h"

namespace vireo::cpu {
namespace {

// Which source position an output position reads; -1: the constant.
int64_t source_of(PadMode mode, int64_t at, int64_t n) {
  if (at >= 0 && at < n) return at;
  switch (mode) {
    case PadMode::constant: return -1;
    case PadMode::edge: return at < 0 ? 0 : n - 1;
    case PadMode::reflect:
      if (n == 1) return 0;
      while (at < 0 || at >= n) at = at < 0 ? -at : 2 * (n - 1) - at;
      return at;
    default:
      while (at < 0 || at >= n) at = at < 0 ? -at - 1 : 2 * n - 1 - at;
      return at;
  }
}

void fill(char* dst, const char* element, int64_t bytes, int64_t n) {
  if (bytes == 4) {
    uint32_t word;
    std::memcpy(&word, element, 4);
    for (int64_t i = 0; i < n; ++i) std::memcpy(dst + 4 * i, &word, 4);
    return;
  }
  for (int64_t i = 0; i < n; ++i) std::memcpy(dst + bytes * i, element, static_cast<size_t>(bytes));
}

void pad_row(const PadPlan& p, const char* src, const char* value, char* dst) {
  const int last = p.rank - 1;
  const int64_t bytes = p.element_bytes, n = p.dims[last], out = p.out_dims[last],
                begin = p.begin[last];
  const int64_t first =
      begin > 0 ? (begin < out ? begin : out) : 0;  // outputs [first, stop) lie inside the source
  const int64_t stop = begin + n < out ? (begin + n > first ? begin + n : first) : out;
  if (stop > first)
    std::memcpy(dst + first * bytes, src + (first - begin) * bytes,
                static_cast<size_t>((stop - first) * bytes));
  auto outside = [&](int64_t from, int64_t to) {
    if (p.mode == PadMode::constant) return fill(dst + from * bytes, value, bytes, to - from);
    for (int64_t i = from; i < to; ++i)
      std::memcpy(dst + i * bytes, src + source_of(p.mode, i - begin, n) * bytes,
                  static_cast<size_t>(bytes));
  };
  outside(0, first);
  outside(stop, out);
}

}  // namespace

PadPlan plan_pad(int rank, const int64_t* dims, const int64_t* begin, const int64_t* end,
                 PadMode mode, int64_t element_bytes) {
  PadPlan p;
  p.mode = mode;
  p.element_bytes = element_bytes;
  p.rank = 1;
  p.dims[0] = p.out_dims[0] = 1;
  // Neighbouring dimensions that are not padded are one.
  for (int d = 0; d < rank; ++d) {
    const int last = p.rank - 1;
    const bool plain = begin[d] == 0 && end[d] == 0;
    const bool before_plain = p.begin[last] == 0 && p.dims[last] == p.out_dims[last];
    if (plain && before_plain) {
      p.dims[last] *= dims[d];
      p.out_dims[last] = p.dims[last];
    } else {
      p.dims[p.rank] = dims[d];
      p.begin[p.rank] = begin[d];
      p.out_dims[p.rank] = begin[d] + dims[d] + end[d];
      ++p.rank;
    }
  }
  // A last dimension that is not padded, under one that is, joins it: as longer rows of constants,
  // or as wider elements.
  const int last = p.rank - 1;
  if (p.rank > 1 && p.begin[last] == 0 && p.dims[last] == p.out_dims[last] && p.dims[last] > 0) {
    const int64_t n = p.dims[last];
    --p.rank;
    if (mode == PadMode::constant)
      p.dims[last - 1] *= n, p.begin[last - 1] *= n, p.out_dims[last - 1] *= n;
    else
      p.element_bytes *= n;
  }
  p.tasks = 1;
  for (int d = 0; d + 1 < p.rank; ++d) p.tasks *= p.out_dims[d];
  for (int d = 0; d < p.rank; ++d)
    if (p.out_dims[d] <= 0) p.tasks = 0;
  return p;
}

void run_pad(const PadPlan& plan, const PadArgs& args, int64_t task_begin, int64_t task_end,
             void* scratch) noexcept {
  (void)scratch;
  const int last = plan.rank - 1;
  const int64_t out_row = plan.out_dims[last] * plan.element_bytes,
                in_row = plan.dims[last] * plan.element_bytes;
  for (int64_t task = task_begin; task < task_end; ++task) {
    int64_t row = 0, stride = 1, index = task;
    for (int d = last - 1; d >= 0 && row >= 0; --d) {
      const int64_t at =
          source_of(plan.mode, index % plan.out_dims[d] - plan.begin[d], plan.dims[d]);
      index /= plan.out_dims[d];
      row = at < 0 ? -1 : row + at * stride;
      stride *= plan.dims[d];
    }
    char* dst = static_cast<char*>(args.dst) + task * out_row;
    const char* value = static_cast<const char*>(args.value);
    if (row < 0)
      fill(dst, value, plan.element_bytes, plan.out_dims[last]);
    else
      pad_row(plan, static_cast<const char*>(args.src) + row * in_row, value, dst);
  }
}

}  // namespace vireo::cpu
