// Strided copies: dimensions collapse until the innermost loop moves runs of bytes.
#include "devices/cpu/kernels/copy/copy.h"

#include <cstring>

#include "devices/cpu/kernels/collapse.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskBytes = 32 << 10;

template <typename T>
void copy_elements(char* dst, const char* src, int64_t n, int64_t dst_stride, int64_t src_stride) {
  for (int64_t i = 0; i < n; ++i) {
    T element;
    std::memcpy(&element, src + i * src_stride, sizeof(T));
    std::memcpy(dst + i * dst_stride, &element, sizeof(T));
  }
}

struct Bytes16 {
  uint64_t words[2];
};

// The two innermost loops: `inner` runs.
void copy_inner(const CopyPlan& p, char* dst, const char* src, int64_t n) {
  const int64_t ds = p.inner_dst_stride, ss = p.inner_src_stride;
  switch (p.run_bytes) {
    case 1:
      if (ss == 0 && ds == 1) return void(std::memset(dst, *src, static_cast<size_t>(n)));
      return copy_elements<uint8_t>(dst, src, n, ds, ss);
    case 2: return copy_elements<uint16_t>(dst, src, n, ds, ss);
    case 4: return copy_elements<uint32_t>(dst, src, n, ds, ss);
    case 8: return copy_elements<uint64_t>(dst, src, n, ds, ss);
    case 16: return copy_elements<Bytes16>(dst, src, n, ds, ss);
    default:
      for (int64_t i = 0; i < n; ++i)
        std::memcpy(dst + i * ds, src + i * ss, static_cast<size_t>(p.run_bytes));
  }
}

}  // namespace

CopyPlan plan_copy(int rank, const int64_t* dims, const int64_t* src_strides,
                   const int64_t* dst_strides, int64_t element_bytes) {
  CopyPlan p;
  p.rank = rank;
  p.element_bytes = element_bytes;
  p.run_bytes = element_bytes;
  for (int d = 0; d < rank; ++d) {
    if (dims[d] == 0) return p;
    p.dims[d] = dims[d], p.src_strides[d] = src_strides[d], p.dst_strides[d] = dst_strides[d];
  }
  collapse(&p);
  int last = p.rank - 1;
  if (last >= 0 && p.src_strides[last] == element_bytes && p.dst_strides[last] == element_bytes) {
    p.run_bytes = element_bytes * p.dims[last];
    --p.rank, --last;
    // A plain copy is cut into parts for the threads.
    for (int64_t parts = 64; p.rank == 0 && parts > 1; --parts) {
      if (p.run_bytes % parts || p.run_bytes / parts < kTaskBytes) continue;
      p.rank = 1, last = 0;
      p.dims[0] = parts;
      p.src_strides[0] = p.dst_strides[0] = p.run_bytes = p.run_bytes / parts;
    }
  }
  if (last >= 0 && (p.rank > 1 || p.dims[last] * p.run_bytes <= kTaskBytes)) {
    p.inner = p.dims[last];
    p.inner_src_stride = p.src_strides[last], p.inner_dst_stride = p.dst_strides[last];
    --p.rank;
  } else if (last == 0 && p.run_bytes < kTaskBytes / 2) {  // one long loop of runs: a chunk a task
    p.inner = kTaskBytes / p.run_bytes;
    p.inner_src_stride = p.src_strides[0], p.inner_dst_stride = p.dst_strides[0];
    p.runs = p.dims[0];
    p.dims[0] = divide_up(p.runs, p.inner);
    p.src_strides[0] *= p.inner, p.dst_strides[0] *= p.inner;
  }
  p.tasks = 1;
  for (int d = 0; d < p.rank; ++d) p.tasks *= p.dims[d];
  return p;
}

CopyPlan plan_tile(int rank, const int64_t* dims, const int64_t* repeats, int64_t element_bytes) {
  int64_t all[kCopyRank], src[kCopyRank], dst[kCopyRank];
  int64_t src_step = element_bytes, dst_step = element_bytes;
  for (int d = rank - 1; d >= 0; --d) {
    all[2 * d] = repeats[d], all[2 * d + 1] = dims[d];
    src[2 * d] = 0, src[2 * d + 1] = src_step;
    dst[2 * d] = dst_step * dims[d], dst[2 * d + 1] = dst_step;
    src_step *= dims[d];
    dst_step *= dims[d] * repeats[d];
  }
  return plan_copy(2 * rank, all, src, dst, element_bytes);
}

CopyPlan plan_broadcast(int rank, const int64_t* dims, const int64_t* src_dims,
                        int64_t element_bytes) {
  int64_t src[kCopyRank], dst[kCopyRank], src_step = element_bytes, dst_step = element_bytes;
  for (int d = rank - 1; d >= 0; --d) {
    src[d] = src_dims[d] == 1 ? 0 : src_step;
    dst[d] = dst_step;
    src_step *= src_dims[d];
    dst_step *= dims[d];
  }
  return plan_copy(rank, dims, src, dst, element_bytes);
}

void run_copy(const CopyPlan& plan, const CopyArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept {
  (void)scratch;
  if (task_begin >= task_end) return;
  int64_t at[kCopyRank] = {}, index = task_begin;
  const char* src = static_cast<const char*>(args.src);
  char* dst = static_cast<char*>(args.dst);
  for (int d = plan.rank - 1; d >= 0; --d) {
    at[d] = index % plan.dims[d];
    index /= plan.dims[d];
    src += at[d] * plan.src_strides[d];
    dst += at[d] * plan.dst_strides[d];
  }
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t rest = plan.runs - task * plan.inner;
    copy_inner(plan, dst, src, plan.runs && rest < plan.inner ? rest : plan.inner);
    for (int d = plan.rank - 1; d >= 0; --d) {
      src += plan.src_strides[d];
      dst += plan.dst_strides[d];
      if (++at[d] < plan.dims[d]) break;
      src -= plan.src_strides[d] * plan.dims[d];
      dst -= plan.dst_strides[d] * plan.dims[d];
      at[d] = 0;
    }
  }
}

}  // namespace vireo::cpu
