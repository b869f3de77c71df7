// The table of kernels and the packing of weights.
#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {

#define VIREO_GEMM_F32(space, tier, mr, nr)     \
  namespace space {                             \
  extern const GemmKernel gemm_f32_##mr##x##nr; \
  }
#include "devices/cpu/kernels/gemm/kernels.inc"
#undef VIREO_GEMM_F32

namespace {

struct Row {
  Isa isa;
  const GemmKernel* kernel;
};
constexpr Row kRows[] = {
#define VIREO_GEMM_F32(space, tier, mr, nr) {Isa::tier, &space::gemm_f32_##mr##x##nr},
#include "devices/cpu/kernels/gemm/kernels.inc"
#undef VIREO_GEMM_F32
};

}  // namespace

const GemmKernel* get_gemm_f32(IsaSet isa, KernelRefusal* refused) {
  for (const Row& row : kRows) {
    if (isa.has(row.isa)) return row.kernel;
    if (refused) *refused++ = {row.kernel->name, "its instruction set is not active"};
  }
  return kRows[sizeof kRows / sizeof kRows[0] - 1].kernel;
}

size_t gemm_packed_bytes(const GemmKernel& kernel, int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kernel.lanes) * k * kernel.b_bytes);
}

void pack_gemm_b(const GemmKernel& kernel, const void* b, int64_t k_stride, int64_t n_stride,
                 int64_t n, int64_t k, void* packed) {
  const char* from = static_cast<const char*>(b);
  char* to = static_cast<char*>(packed);
  for (int64_t j = 0; j < n; j += kernel.columns) {
    const int64_t columns = n - j < kernel.columns ? n - j : kernel.columns;
    const int64_t width = round_up(columns, kernel.lanes);
    kernel.pack_b(from + j * n_stride * kernel.b_bytes, k_stride, n_stride, k, columns, width, to);
    to += width * k * kernel.b_bytes;
  }
}

}  // namespace vireo::cpu
