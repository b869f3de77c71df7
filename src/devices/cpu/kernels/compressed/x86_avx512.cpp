// Compressed products on AVX-512.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/compressed/compressed.h"

namespace vireo::cpu::avx512 {
namespace {

using F = simd::vec<float, 16>;

#include "devices/cpu/kernels/compressed/lookup_avx512.h"

// Sums of two products fit 16 bits while codes have at most 7.
template <int Bits>
static VIREO_SIMD F::ints dot4(F::ints sums, F::ints codes, int32_t four) {
  const __m512i x = _mm512_set1_epi32(four);
  if constexpr (Bits < 8) {
    const __m512i pairs = _mm512_maddubs_epi16(codes.v, x);
    return _mm512_add_epi32(sums.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  const __m512i even = _mm512_madd_epi16(_mm512_and_si512(codes.v, _mm512_set1_epi16(0xff)),
                                         _mm512_srai_epi16(_mm512_slli_epi16(x, 8), 8));
  const __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(codes.v, 8), _mm512_srai_epi16(x, 8));
  return _mm512_add_epi32(sums.v, _mm512_add_epi32(even, odd));
}

constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/generic.h"

#include "devices/cpu/kernels/compressed/generic.h"

}  // namespace

extern const CompressedKernel compressed_kernel;
constexpr CompressedKernel compressed_kernel = make_compressed("avx512");

}  // namespace vireo::cpu::avx512
