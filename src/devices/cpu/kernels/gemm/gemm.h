// Matrix products: C[m, n] = epilogue(A[m, k] * B[k, n]), over up to four batch dimensions.
//
// B is either packed when a model is compiled (weights: pack_gemm_b) or a plain matrix, packed
// panel by panel into scratch while it runs. A is read in place, or copied to scratch where its
// strides would hurt (transposed; rows a multiple of 4 KiB apart).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/epilogue.h"
#include "devices/cpu/kernels/gemm/tile.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {

constexpr int kMaxBatchDims = 4;

struct GemmDesc {
  int64_t m = 0, n = 0, k = 0;
  DataType c_type = DataType::f32;  // of C and the residual; A and B are of the kernel's types
  bool b_packed = true;
  // a(i, k) = a[i * a_row + k * a_column]; a_column may be anything (1: plain, or the row stride if
  // A is transposed).
  int64_t a_row = 0, a_column = 1;
  // Of a plain B: b(k, j) = b[k * b_row + j * b_column].
  int64_t b_row = 0, b_column = 1;
  int64_t c_row = 0;
  int64_t residual_row = 0;
  // Batch dimensions, outermost first, and the strides of each operand in them (0 broadcasts). A
  // packed B is in units of packed matrices. Bias and slope are the same for all.
  int batch_dims = 0;
  int64_t batch[kMaxBatchDims] = {};
  int64_t a_batch[kMaxBatchDims] = {}, b_batch[kMaxBatchDims] = {}, c_batch[kMaxBatchDims] = {},
          residual_batch[kMaxBatchDims] = {};
  Epilogue epilogue;
};

struct GemmPlan {
  GemmDesc desc;
  const GemmKernel* kernel = nullptr;
  int64_t tasks = 0;         // batch * m_parts * n_parts
  size_t scratch_bytes = 0;  // per thread
  int64_t batches = 1, m_parts = 1, n_parts = 1;
  int64_t k_block = 0, m_block = 0;  // of one pass through the caches
  bool pack_a = false;
  size_t packed_b_bytes = 0;  // of one matrix
};

struct GemmArgs {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  const float* bias = nullptr;
  const void* residual = nullptr;
  const float* slope = nullptr;
  // Of 8-bit codes (EpilogueArgs).
  const float* scale = nullptr;
  const int32_t* start = nullptr;
  const float* shift = nullptr;
  const float* out_scale = nullptr;
};

// The best kernel of these tiers whose operands are of this type, f32, bf16 or u8 (times i8); never
// null. `refused`, if given, gets up to kIsaCount rows that came before it.
const GemmKernel* get_gemm(DataType type, IsaSet isa, KernelRefusal* refused = nullptr);

// Bytes of B[k, n] packed for this kernel, and the packing of f32 weights: b(k, j) = b[k * k_stride
// + j * n_stride]. 64-byte aligned. Panels of columns [panel_begin, panel_end) alone: a thread's
// share.
size_t gemm_packed_bytes(const GemmKernel& kernel, int64_t n, int64_t k);
int64_t gemm_panels(const GemmKernel& kernel, int64_t n);
void pack_gemm_b(const GemmKernel& kernel, const float* b, int64_t k_stride, int64_t n_stride,
                 int64_t n, int64_t k, void* packed, int64_t panel_begin = 0,
                 int64_t panel_end = INT32_MAX);

GemmPlan plan_gemm(const GemmDesc& desc, const GemmKernel* kernel, int threads);
void run_gemm(const GemmPlan& plan, const GemmArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept;

}  // namespace vireo::cpu
