// u8 tiles of 6 x 16 on the 256-bit vpdpbusd.
#include <cstdint>

#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx2_vnni {
namespace {

using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/epilogue_generic.h"

using Codes = __m256i;
using Weights = __m256i;
static VIREO_SIMD Weights load_weights(const int8_t* p) {
  return _mm256_loadu_si256((const __m256i*)p);
}
static VIREO_SIMD Codes spread(uint32_t four) { return _mm256_set1_epi32((int)four); }
static VIREO_SIMD F::ints dot(F::ints sums, Codes a, Weights b) {
  return _mm256_dpbusd_avx_epi32(sums.v, a, b);
}

constexpr int kWideRows = 6;
#include "devices/cpu/kernels/gemm/u8_avx2.h"

#include "devices/cpu/kernels/gemm/generic_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_6x16;
constexpr GemmKernel gemm_u8_6x16 = make_gemm_u8<2, 2>("gemm_u8_6x16_avx2_vnni");

}  // namespace vireo::cpu::avx2_vnni
