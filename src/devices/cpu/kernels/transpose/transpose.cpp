// Plans and runs transpositions: collapse dimensions, then copy runs or transpose 2-D blocks.
#include "devices/cpu/kernels/transpose/transpose.h"

#include <cstring>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/collapse.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kTaskBytes = 16 << 10, kBlock = 64;

const TransposeTable* table_for(const IsaSet& isa) {
#define VIREO_TRANSPOSE_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::transpose_table();
#include "devices/cpu/kernels/transpose/kernels.inc"
#undef VIREO_TRANSPOSE_TABLE
  return nullptr;
}

// A short innermost run that both sides hold becomes a wider element.
void widen_elements(TransposePlan* p) {
  const int last = p->rank - 1;
  if (last < 1 || p->src_strides[last] != 1 || p->dst_strides[last] != 1) return;
  const int64_t run = p->dims[last], bytes = run * p->element_bytes;
  if (bytes != 2 && bytes != 4 && bytes != 8 && bytes != 16) return;
  for (int d = 0; d < last; ++d)
    if (p->src_strides[d] % run || p->dst_strides[d] % run) return;
  for (int d = 0; d < last; ++d) p->src_strides[d] /= run, p->dst_strides[d] /= run;
  p->element_bytes = bytes;
  --p->rank;
}

void plan_blocks(TransposePlan* p) {
  const int last = p->rank - 1;
  int column = -1;
  for (int d = 0; d < last; ++d)
    if (p->src_strides[d] == 1) column = d;
  if (p->dst_strides[last] == 1) {
    p->rows = p->dims[last];
    p->src_row_stride = p->src_strides[last];
    erase_dim(p, last);
    if (column >= 0) {
      p->cols = p->dims[column];
      p->dst_col_stride = p->dst_strides[column];
      erase_dim(p, column);
    }
  }
  p->row_blocks = divide_up(p->rows, kBlock);
  const int64_t height = p->rows < kBlock ? p->rows : kBlock;
  p->block_cols = round_up(kBlock * kBlock / height, kBlock);
  p->col_blocks = divide_up(p->cols, p->block_cols);
  p->tasks = p->row_blocks * p->col_blocks;
  for (int d = 0; d < p->rank; ++d) p->tasks *= p->dims[d];
}

// The offsets of a position in the outer loops, and the step to the next.
struct Position {
  int64_t at[kTransposeRank] = {}, src = 0, dst = 0;

  Position(const TransposePlan& p, int rank, int64_t index) {
    for (int d = rank - 1; d >= 0; --d) {
      at[d] = index % p.dims[d];
      index /= p.dims[d];
      src += at[d] * p.src_strides[d];
      dst += at[d] * p.dst_strides[d];
    }
  }
  void next(const TransposePlan& p, int rank) {
    for (int d = rank - 1; d >= 0; --d) {
      src += p.src_strides[d];
      dst += p.dst_strides[d];
      if (++at[d] < p.dims[d]) return;
      src -= p.src_strides[d] * p.dims[d];
      dst -= p.dst_strides[d] * p.dims[d];
      at[d] = 0;
    }
  }
};

void run_runs(const TransposePlan& plan, const char* src, char* dst, int64_t begin, int64_t end) {
  const int64_t bytes = plan.contiguous_run * plan.element_bytes;
  int64_t runs = 1;
  for (int d = 0; d < plan.rank; ++d) runs *= plan.dims[d];
  const int64_t last = end * plan.runs_per_task < runs ? end * plan.runs_per_task : runs;
  Position at(plan, plan.rank, begin * plan.runs_per_task);
  for (int64_t r = begin * plan.runs_per_task; r < last; ++r) {
    std::memcpy(dst + at.dst * plan.element_bytes, src + at.src * plan.element_bytes,
                static_cast<size_t>(bytes));
    at.next(plan, plan.rank);
  }
}

void run_blocks(const TransposePlan& plan, const char* src, char* dst, int64_t begin, int64_t end) {
  const int64_t blocks = plan.row_blocks * plan.col_blocks;
  const int64_t width = plan.block_cols;
  Position at(plan, plan.rank, begin / blocks);
  for (int64_t task = begin; task < end; ++task) {
    const int64_t block = task % blocks;
    const int64_t r = block % plan.row_blocks * kBlock, c = block / plan.row_blocks * width;
    const int64_t rows = plan.rows - r < kBlock ? plan.rows - r : kBlock;
    const int64_t cols = plan.cols - c < width ? plan.cols - c : width;
    plan.table->block(src + (at.src + r * plan.src_row_stride + c) * plan.element_bytes,
                      dst + (at.dst + c * plan.dst_col_stride + r) * plan.element_bytes, rows, cols,
                      plan.src_row_stride, plan.dst_col_stride, plan.element_bytes);
    if (block + 1 == blocks) at.next(plan, plan.rank);
  }
}

}  // namespace

TransposePlan plan_transpose(int rank, const int64_t* dims, const int* permutation,
                             int64_t element_bytes, const int64_t* src_strides,
                             const int64_t* dst_strides, const IsaSet& isa) {
  TransposePlan p;
  p.table = table_for(isa);
  p.element_bytes = element_bytes;
  p.rank = rank;
  int64_t dense_src[kTransposeRank], step = 1;
  for (int d = rank - 1; d >= 0; --d) dense_src[d] = step, step *= dims[d];
  const bool empty = step == 0;
  step = 1;
  for (int d = rank - 1; d >= 0; --d) {
    p.dims[d] = dims[permutation[d]];
    p.src_strides[d] = (src_strides ? src_strides : dense_src)[permutation[d]];
    p.dst_strides[d] = dst_strides ? dst_strides[d] : step;
    step *= p.dims[d];
  }
  if (empty) return p;
  collapse(&p);
  widen_elements(&p);
  const int last = p.rank - 1;
  if (p.rank == 0 || (p.src_strides[last] == 1 && p.dst_strides[last] == 1)) {
    p.contiguous_run = p.rank == 0 ? 1 : p.dims[last];
    if (p.rank > 0) --p.rank;
    int64_t runs = 1;
    for (int d = 0; d < p.rank; ++d) runs *= p.dims[d];
    for (int64_t parts = 64; p.rank == 0 && parts > 1;
         --parts) {  // a plain copy, cut for the threads
      if (p.contiguous_run % parts || p.contiguous_run * p.element_bytes / parts < kTaskBytes)
        continue;
      p.rank = 1;
      p.dims[0] = runs = parts;
      p.src_strides[0] = p.dst_strides[0] = p.contiguous_run = p.contiguous_run / parts;
    }
    const int64_t fit = kTaskBytes / (p.contiguous_run * p.element_bytes);
    p.runs_per_task = fit > 1 ? fit : 1;
    p.tasks = divide_up(runs, p.runs_per_task);
    return p;
  }
  plan_blocks(&p);
  return p;
}

void run_transpose(const TransposePlan& plan, const TransposeArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept {
  (void)scratch;
  if (task_begin >= task_end) return;
  const char* src = static_cast<const char*>(args.src);
  char* dst = static_cast<char*>(args.dst);
  if (plan.contiguous_run > 0)
    run_runs(plan, src, dst, task_begin, task_end);
  else
    run_blocks(plan, src, dst, task_begin, task_end);
}

}  // namespace vireo::cpu
