// Compressed products on AVX2.
#include <cstdint>

#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/compressed/compressed.h"

namespace vireo::cpu::avx2 {
namespace {

using F = simd::vec<float, 8>;

constexpr int kColumns[kTileSizes] = {4, 1, 0};
constexpr bool kLooksUp = false;
using Table = const float*;
struct Bytes {
  __m256i v;
};
static VIREO_SIMD Table load_table(const float* p) { return p; }
static VIREO_SIMD Bytes load_bytes(const uint8_t* p) {
  return {_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)p))};
}
static VIREO_SIMD F lookup(F::ints codes, Table table) { return F::gather(table, codes); }
static VIREO_SIMD F::ints lookup_bytes(F::ints codes, Bytes bytes) {
  return _mm256_shuffle_epi8(bytes.v, codes.v);
}
// Sums of two products fit 16 bits while codes have at most 7.
template <int Bits>
static VIREO_SIMD F::ints dot4(F::ints sums, F::ints codes, int32_t four) {
  const __m256i x = _mm256_set1_epi32(four);
  if constexpr (Bits < 8) {
    const __m256i pairs = _mm256_maddubs_epi16(codes.v, x);
    return _mm256_add_epi32(sums.v, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(codes.v, _mm256_set1_epi16(0xff)),
                                         _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(codes.v, 8), _mm256_srai_epi16(x, 8));
  return _mm256_add_epi32(sums.v, _mm256_add_epi32(even, odd));
}

constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/generic.h"

#include "devices/cpu/kernels/compressed/generic.h"

}  // namespace

extern const CompressedKernel compressed_kernel;
constexpr CompressedKernel compressed_kernel = make_compressed("avx2");

}  // namespace vireo::cpu::avx2
