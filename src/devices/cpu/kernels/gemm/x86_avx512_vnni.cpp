// u8 tiles of 6 x 64 on vpdpbusd.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx512_vnni {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/epilogue_generic.h"

using Codes = __m512i;
using Weights = __m512i;
static VIREO_SIMD Weights load_weights(const int8_t* p) { return _mm512_loadu_si512(p); }
static VIREO_SIMD Codes spread(uint32_t four) { return _mm512_set1_epi32((int)four); }
static VIREO_SIMD F::ints dot(F::ints sums, Codes a, Weights b) {
  return _mm512_dpbusd_epi32(sums.v, a, b);
}

constexpr int kPackedVectors = 4;
// Packing works within 128-bit lanes, so that the groups of four come out interleaved.
template <int count>
static VIREO_SIMD void store_codes(uint8_t* to, const F::ints* sums, int64_t n) {
  const __m512i none = _mm512_setzero_si512();
  const __m512i interleaved = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i low = _mm512_packs_epi32(sums[0].v, count > 1 ? sums[1].v : none);
  const __m512i high = count > 2 ? _mm512_packs_epi32(sums[2].v, count > 3 ? sums[3].v : none) : none;
  const __m512i codes = _mm512_permutexvar_epi32(interleaved, _mm512_packus_epi16(low, high));
  if (count == 4 && n >= 64)
    _mm512_storeu_si512(to, codes);
  else
    _mm512_mask_storeu_epi8(to, _bzhi_u64(~uint64_t(0), (unsigned)(n < 16 * count ? n : 16 * count)), codes);
}

#define VIREO_KEEP_SUMS(x) __asm__("" : "+v"((x).v))
constexpr int kTileRows[] = {14, 12, 8, 6};
#include "devices/cpu/kernels/gemm/generic_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_6x64;
constexpr GemmKernel gemm_u8_6x64 = make_gemm_u8<4, 2>("gemm_u8_6x64_avx512_vnni");

}  // namespace vireo::cpu::avx512_vnni
