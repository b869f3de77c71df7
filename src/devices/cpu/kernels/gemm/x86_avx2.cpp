// f32 tiles of 6 x 16.
#include <cstdint>

#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx2 {
namespace {

using F = simd::vec<float, 8>;

// to[k][j] = from[j][k] for four k and a vector of j. Each 128-bit lane gets four rows' four values
// and turns them over.
static VIREO_SIMD __m256 load_lanes(const float* p, int64_t stride) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * stride),
                              1);
}
static VIREO_SIMD void transpose_four(const float* from, int64_t stride, float* to, int64_t width) {
  const __m256 r0 = load_lanes(from, stride), r1 = load_lanes(from + stride, stride);
  const __m256 r2 = load_lanes(from + 2 * stride, stride),
               r3 = load_lanes(from + 3 * stride, stride);
  const __m256 a = _mm256_unpacklo_ps(r0, r1), b = _mm256_unpackhi_ps(r0, r1);
  const __m256 c = _mm256_unpacklo_ps(r2, r3), d = _mm256_unpackhi_ps(r2, r3);
  _mm256_storeu_ps(to, _mm256_shuffle_ps(a, c, 0x44));
  _mm256_storeu_ps(to + width, _mm256_shuffle_ps(a, c, 0xee));
  _mm256_storeu_ps(to + 2 * width, _mm256_shuffle_ps(b, d, 0x44));
  _mm256_storeu_ps(to + 3 * width, _mm256_shuffle_ps(b, d, 0xee));
}

constexpr int kTileRows = 6;
#include "devices/cpu/kernels/gemm/generic.h"
#include "devices/cpu/kernels/gemm/generic_f32.h"

}  // namespace

extern const GemmKernel gemm_f32_6x16;
constexpr GemmKernel gemm_f32_6x16 = make_gemm_f32<2, 2, 1>("gemm_f32_6x16_avx2");

}  // namespace vireo::cpu::avx2
