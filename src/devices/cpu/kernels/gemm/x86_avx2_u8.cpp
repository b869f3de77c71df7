// u8 tiles of 4 x 16 without VNNI: vpmaddubsw would saturate its pairs, so even and odd codes are
// multiplied as words.
#include <cstdint>

#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx2 {
namespace {

using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/epilogue_generic.h"

struct Codes {
  __m256i even, odd;
};
using Weights = Codes;
static VIREO_SIMD Weights load_weights(const int8_t* p) {
  const __m256i b = _mm256_loadu_si256((const __m256i*)p);
  return {_mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8), _mm256_srai_epi16(b, 8)};
}
static VIREO_SIMD Codes spread(uint32_t four) {
  return {_mm256_set1_epi32((int)(four & 0x00ff00ff)),
          _mm256_set1_epi32((int)(four >> 8 & 0x00ff00ff))};
}
static VIREO_SIMD F::ints dot(F::ints sums, const Codes& a, const Weights& b) {
  const __m256i even = _mm256_madd_epi16(a.even, b.even), odd = _mm256_madd_epi16(a.odd, b.odd);
  return _mm256_add_epi32(sums.v, _mm256_add_epi32(even, odd));
}

constexpr int kWideRows = 4;
#include "devices/cpu/kernels/gemm/u8_avx2.h"

#include "devices/cpu/kernels/gemm/generic_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_4x16;
constexpr GemmKernel gemm_u8_4x16 = make_gemm_u8<2, 2>("gemm_u8_4x16_avx2");

}  // namespace vireo::cpu::avx2
