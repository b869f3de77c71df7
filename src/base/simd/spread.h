// Every run of G lanes gets the J-th of its lanes. Included behind the vectors of the file's tier.
#pragma once

#include "base/simd/vec.h"

namespace vireo::simd {

#if defined(__AVX512F__)
template <int G, int J>
VIREO_SIMD vec<float, 16> spread(vec<float, 16> a) {
  if constexpr (G == 2) return _mm512_permute_ps(a.v, J == 0 ? 0xa0 : 0xf5);
  if constexpr (G == 4) return _mm512_permute_ps(a.v, J * 0x55);
  return _mm512_permutexvar_ps(_mm512_setr_epi32(J, J, J, J, J, J, J, J, 8 + J, 8 + J, 8 + J, 8 + J,
                                                 8 + J, 8 + J, 8 + J, 8 + J),
                               a.v);
}
#elif defined(__AVX2__)
template <int G, int J>
VIREO_SIMD vec<float, 8> spread(vec<float, 8> a) {
  if constexpr (G == 2) return _mm256_permute_ps(a.v, J == 0 ? 0xa0 : 0xf5);
  if constexpr (G == 4) return _mm256_permute_ps(a.v, J * 0x55);
  return _mm256_permutevar8x32_ps(a.v, _mm256_set1_epi32(J));
}
#else
template <int G, int J>
VIREO_SIMD vec<float, 4> spread(vec<float, 4> a) {
  if constexpr (G == 2) return raw_f4{a.v[J], a.v[J], a.v[2 + J], a.v[2 + J]};
  return raw_f4{a.v[J], a.v[J], a.v[J], a.v[J]};
}
#endif

}  // namespace vireo::simd
