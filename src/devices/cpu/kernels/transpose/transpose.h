// Transpositions: any permutation of up to eight dimensions of elements of 1, 2, 4, 8 or 16 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

constexpr int kTransposeRank = 8;

struct TransposeTable {
  // dst[c * dst_stride + r] = src[r * src_stride + c] for r < rows, c < cols; strides in elements.
  void (*block)(const void* src, void* dst, int64_t rows, int64_t cols, int64_t src_stride,
                int64_t dst_stride, int64_t element_bytes);
};

struct TransposePlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const TransposeTable* table = nullptr;
  int64_t element_bytes = 4;
  // Collapsed, in the order of the output; strides in elements. The two innermost loops are a copy
  // of runs (contiguous_run > 0) or a 2-D transposition of `rows` x `cols`.
  int rank = 0;
  int64_t dims[kTransposeRank] = {}, src_strides[kTransposeRank] = {},
          dst_strides[kTransposeRank] = {};
  int64_t contiguous_run = 0, runs_per_task = 1;
  int64_t rows = 1, cols = 1, src_row_stride = 0, dst_col_stride = 0;
  int64_t block_cols = 1, row_blocks = 1, col_blocks = 1;
};

struct TransposeArgs {
  const void* src;
  void* dst;  // must not overlap src
};

// dims are those of the source; output dimension i is source dimension permutation[i]. src_strides
// (in the order of the source) and dst_strides (in the order of the output) are in elements;
// nullptr means dense.
TransposePlan plan_transpose(int rank, const int64_t* dims, const int* permutation,
                             int64_t element_bytes, const int64_t* src_strides,
                             const int64_t* dst_strides, const IsaSet& isa);
void run_transpose(const TransposePlan& plan, const TransposeArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept;

#define VIREO_TRANSPOSE_TABLE(isa, tier)   \
  namespace isa {                          \
  const TransposeTable& transpose_table(); \
  }
#include "devices/cpu/kernels/transpose/kernels.inc"
#undef VIREO_TRANSPOSE_TABLE

}  // namespace vireo::cpu
