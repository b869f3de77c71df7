// Look-ups of 32 codes at a time.
#include <cstdint>

#include <immintrin.h>

#include "base/simd/vec.h"
#include "devices/cpu/kernels/table/table.h"

namespace vireo::cpu::avx2 {
namespace {

using Bytes = __m256i;
constexpr int64_t kBytes = 32;
static VIREO_SIMD Bytes load_row(const uint8_t* p) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)p));
}
static VIREO_SIMD Bytes load(const uint8_t* p) { return _mm256_loadu_si256((const __m256i*)p); }
static VIREO_SIMD void store(uint8_t* p, Bytes x) { _mm256_storeu_si256((__m256i*)p, x); }
static VIREO_SIMD Bytes same(uint8_t x) { return _mm256_set1_epi8((char)x); }
static VIREO_SIMD Bytes shuffle(Bytes row, Bytes x) { return _mm256_shuffle_epi8(row, x); }
static VIREO_SIMD Bytes above(Bytes x) { return _mm256_adds_epu8(x, same(112)); }
#include "devices/cpu/kernels/table/generic.h"

}  // namespace

void look_up(const uint8_t* table, const uint8_t* src, uint8_t* dst, int64_t n) {
  look_up_codes(table, src, dst, n);
}

}  // namespace vireo::cpu::avx2
