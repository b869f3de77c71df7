// The table of kernels and the packing of weights.
#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {

#define VIREO_GEMM(space, tier, type, mr, nr)        \
  namespace space {                                  \
  extern const GemmKernel gemm_##type##_##mr##x##nr; \
  }
#include "devices/cpu/kernels/gemm/kernels.inc"
#include "devices/cpu/kernels/gemm/kernels_u8.inc"
#undef VIREO_GEMM

namespace {

struct Row {
  Isa isa;
  DataType type;
  const GemmKernel* kernel;
};
constexpr Row kRows[] = {
#define VIREO_GEMM(space, tier, type, mr, nr) \
  {Isa::tier, DataType::type, &space::gemm_##type##_##mr##x##nr},
#include "devices/cpu/kernels/gemm/kernels.inc"
#include "devices/cpu/kernels/gemm/kernels_u8.inc"
#undef VIREO_GEMM
};

}  // namespace

const GemmKernel* get_gemm(DataType type, IsaSet isa, KernelRefusal* refused) {
  const GemmKernel* last = nullptr;
  for (const Row& row : kRows) {
    if (row.type != type) continue;
    if (isa.has(row.isa)) return row.kernel;
    if (refused) *refused++ = {row.kernel->name, "its instruction set is not active"};
    last = row.kernel;
  }
  return last;
}

size_t gemm_packed_bytes(const GemmKernel& kernel, int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kernel.lanes) * kernel.padded_k(k) * kernel.b_bytes());
}

int64_t gemm_panels(const GemmKernel& kernel, int64_t n) { return divide_up(n, kernel.columns); }

void pack_gemm_b(const GemmKernel& kernel, const float* b, int64_t k_stride, int64_t n_stride,
                 int64_t n, int64_t k, void* packed, int64_t panel_begin, int64_t panel_end) {
  const int64_t first = panel_begin * kernel.columns;
  const int64_t end = n < panel_end * kernel.columns ? n : panel_end * kernel.columns;
  char* to = static_cast<char*>(packed) + first * kernel.padded_k(k) * kernel.b_bytes();
  for (int64_t j = first; j < end; j += kernel.columns) {
    const int64_t columns = n - j < kernel.columns ? n - j : kernel.columns;
    const int64_t width = round_up(columns, kernel.lanes);
    kernel.pack_weights(b + j * n_stride, k_stride, n_stride, k, columns, width, to);
    to += width * kernel.padded_k(k) * kernel.b_bytes();
  }
}

}  // namespace vireo::cpu
