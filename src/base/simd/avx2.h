// Eight lanes: AVX2 with FMA and F16C.
#pragma once

#include <immintrin.h>

#include "base/simd/vec.h"

namespace vireo::simd {

template <>
struct lane_mask<8> {
  __m256 v;
  friend VIREO_SIMD lane_mask operator&(lane_mask a, lane_mask b) {
    return {_mm256_and_ps(a.v, b.v)};
  }
  friend VIREO_SIMD lane_mask operator|(lane_mask a, lane_mask b) {
    return {_mm256_or_ps(a.v, b.v)};
  }
  friend VIREO_SIMD lane_mask operator!(lane_mask a) {
    return {_mm256_xor_ps(a.v, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))};
  }
};

VIREO_SIMD bool any(lane_mask<8> m) { return _mm256_movemask_ps(m.v) != 0; }
VIREO_SIMD bool all(lane_mask<8> m) { return _mm256_movemask_ps(m.v) == 0xff; }

// All bits set in the first n lanes.
VIREO_SIMD __m256i first_lanes8(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

template <>
struct vec<int32_t, 8> {
  static constexpr int lanes = 8;
  __m256i v;
  vec() = default;
  VIREO_SIMD vec(__m256i x) : v(x) {}
  VIREO_SIMD explicit vec(int32_t x) : v(_mm256_set1_epi32(x)) {}
  static VIREO_SIMD vec load(const int32_t* p) { return _mm256_loadu_si256((const __m256i*)p); }
  VIREO_SIMD void store(int32_t* p) const { _mm256_storeu_si256((__m256i*)p, v); }
  static VIREO_SIMD vec iota() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
  friend VIREO_SIMD vec operator+(vec a, vec b) { return _mm256_add_epi32(a.v, b.v); }
  friend VIREO_SIMD vec operator-(vec a, vec b) { return _mm256_sub_epi32(a.v, b.v); }
  friend VIREO_SIMD vec operator&(vec a, vec b) { return _mm256_and_si256(a.v, b.v); }
  friend VIREO_SIMD vec operator|(vec a, vec b) { return _mm256_or_si256(a.v, b.v); }
  friend VIREO_SIMD vec operator^(vec a, vec b) { return _mm256_xor_si256(a.v, b.v); }
};
using i32x8 = vec<int32_t, 8>;

template <int K>
VIREO_SIMD i32x8 shl(i32x8 a) {
  return _mm256_slli_epi32(a.v, K);
}
template <int K>
VIREO_SIMD i32x8 sar(i32x8 a) {
  return _mm256_srai_epi32(a.v, K);
}
VIREO_SIMD lane_mask<8> eq(i32x8 a, i32x8 b) {
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.v, b.v))};
}
VIREO_SIMD lane_mask<8> gt(i32x8 a, i32x8 b) {
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(a.v, b.v))};
}
VIREO_SIMD i32x8 select(lane_mask<8> m, i32x8 a, i32x8 b) {
  return _mm256_blendv_epi8(b.v, a.v, _mm256_castps_si256(m.v));
}

template <>
struct vec<float, 8> {
  static constexpr int lanes = 8;
  static constexpr bool has_fma = true;
  using mask = lane_mask<8>;
  using ints = i32x8;
  __m256 v;
  vec() = default;
  VIREO_SIMD vec(__m256 x) : v(x) {}
  VIREO_SIMD explicit vec(float x) : v(_mm256_set1_ps(x)) {}
  static VIREO_SIMD vec zero() { return _mm256_setzero_ps(); }
  static VIREO_SIMD vec load(const float* p) { return _mm256_loadu_ps(p); }
  static VIREO_SIMD vec load(const float* p, int64_t n) {
    if (__builtin_constant_p(n) && n == 8) return load(p);
    return _mm256_maskload_ps(p, first_lanes8(n));
  }
  VIREO_SIMD void store(float* p) const { _mm256_storeu_ps(p, v); }
  VIREO_SIMD void store(float* p, int64_t n) const {
    if (__builtin_constant_p(n) && n == 8) return store(p);
    _mm256_maskstore_ps(p, first_lanes8(n), v);
  }
  static VIREO_SIMD vec gather(const float* p, ints at) { return _mm256_i32gather_ps(p, at.v, 4); }
  friend VIREO_SIMD vec operator+(vec a, vec b) { return _mm256_add_ps(a.v, b.v); }
  friend VIREO_SIMD vec operator-(vec a, vec b) { return _mm256_sub_ps(a.v, b.v); }
  friend VIREO_SIMD vec operator*(vec a, vec b) { return _mm256_mul_ps(a.v, b.v); }
  friend VIREO_SIMD vec operator/(vec a, vec b) { return _mm256_div_ps(a.v, b.v); }
};
using f32x8 = vec<float, 8>;

VIREO_SIMD i32x8 as_int(f32x8 a) { return _mm256_castps_si256(a.v); }
VIREO_SIMD f32x8 as_float(i32x8 a) { return _mm256_castsi256_ps(a.v); }
VIREO_SIMD lane_mask<8> eq(f32x8 a, f32x8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)}; }
VIREO_SIMD lane_mask<8> ne(f32x8 a, f32x8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_NEQ_UQ)}; }
VIREO_SIMD lane_mask<8> lt(f32x8 a, f32x8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
VIREO_SIMD lane_mask<8> le(f32x8 a, f32x8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)}; }
VIREO_SIMD lane_mask<8> gt(f32x8 a, f32x8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)}; }
VIREO_SIMD lane_mask<8> ge(f32x8 a, f32x8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)}; }
VIREO_SIMD f32x8 select(lane_mask<8> m, f32x8 a, f32x8 b) {
  return _mm256_blendv_ps(b.v, a.v, m.v);
}
VIREO_SIMD f32x8 min(f32x8 a, f32x8 b) { return _mm256_min_ps(a.v, b.v); }
VIREO_SIMD f32x8 max(f32x8 a, f32x8 b) { return _mm256_max_ps(a.v, b.v); }
VIREO_SIMD f32x8 fma(f32x8 a, f32x8 b, f32x8 c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
VIREO_SIMD f32x8 fnma(f32x8 a, f32x8 b, f32x8 c) { return _mm256_fnmadd_ps(a.v, b.v, c.v); }
VIREO_SIMD f32x8 abs(f32x8 a) { return as_float(as_int(a) & i32x8(0x7fffffff)); }
VIREO_SIMD f32x8 neg(f32x8 a) { return as_float(as_int(a) ^ i32x8(INT32_MIN)); }
VIREO_SIMD f32x8 sqrt(f32x8 a) { return _mm256_sqrt_ps(a.v); }
VIREO_SIMD i32x8 to_int(f32x8 a) { return _mm256_cvttps_epi32(a.v); }
VIREO_SIMD i32x8 to_int_round(f32x8 a) { return _mm256_cvtps_epi32(a.v); }
VIREO_SIMD f32x8 to_float(i32x8 a) { return _mm256_cvtepi32_ps(a.v); }
VIREO_SIMD f32x8 round_even(f32x8 a) {
  return _mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x8 trunc(f32x8 a) {
  return _mm256_round_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x8 floor(f32x8 a) {
  return _mm256_round_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x8 ceil(f32x8 a) {
  return _mm256_round_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x8 add_exponent(f32x8 a, i32x8 n) { return a * as_float(shl<23>(n + i32x8(127))); }
VIREO_SIMD f32x8 scale_by_power(f32x8 a, f32x8 n) {
  return add_exponent(a, to_int(min(f32x8(128.0f), max(f32x8(-127.0f), n))));
}

VIREO_SIMD __m128 half_add(f32x8 a) {
  return _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
}
VIREO_SIMD float reduce_add(f32x8 a) {
  __m128 x = half_add(a);
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}
VIREO_SIMD float reduce_mul(f32x8 a) {
  __m128 x = _mm_mul_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_mul_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_mul_ss(x, _mm_shuffle_ps(x, x, 1)));
}
VIREO_SIMD float reduce_max(f32x8 a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}
VIREO_SIMD float reduce_min(f32x8 a) {
  __m128 x = _mm_min_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_min_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_min_ss(x, _mm_shuffle_ps(x, x, 1)));
}

VIREO_SIMD f32x8 widen(const int8_t* p, f32x8*) {
  return to_float(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p)));
}
VIREO_SIMD f32x8 widen(const uint8_t* p, f32x8*) {
  return to_float(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p)));
}
VIREO_SIMD f32x8 widen(const int32_t* p, f32x8*) { return to_float(i32x8::load(p)); }
VIREO_SIMD f32x8 widen(const int64_t* p, f32x8*) {
  float lanes[8];
  for (int i = 0; i < 8; ++i) lanes[i] = (float)p[i];
  return f32x8::load(lanes);
}
VIREO_SIMD f32x8 widen(const bf16_t* p, f32x8*) {
  return as_float(shl<16>(i32x8(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p)))));
}
VIREO_SIMD f32x8 widen(const f16_t* p, f32x8*) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
}

VIREO_SIMD __m128i low_words(i32x8 a) {
  const __m256i packed =
      _mm256_packus_epi32(a.v & _mm256_set1_epi32(0xffff), _mm256_setzero_si256());
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
}
VIREO_SIMD void narrow(uint8_t* p, i32x8 a) {
  const __m128i words = _mm_and_si128(low_words(a), _mm_set1_epi16(0xff));
  _mm_storel_epi64((__m128i*)p, _mm_packus_epi16(words, words));
}
VIREO_SIMD void narrow(int8_t* p, i32x8 a) { narrow((uint8_t*)p, a); }
VIREO_SIMD void narrow(int32_t* p, i32x8 a) { a.store(p); }
VIREO_SIMD void narrow(int64_t* p, i32x8 a) {
  _mm256_storeu_si256((__m256i*)p, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(a.v)));
  _mm256_storeu_si256((__m256i*)(p + 4), _mm256_cvtepi32_epi64(_mm256_extracti128_si256(a.v, 1)));
}
VIREO_SIMD void narrow(bf16_t* p, i32x8 a) { _mm_storeu_si128((__m128i*)p, low_words(a)); }
VIREO_SIMD void narrow_f16(f16_t* p, f32x8 a) {
  _mm_storeu_si128((__m128i*)p, _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT));
}

// A square tile held as rows, in place.
VIREO_SIMD void transpose(f32x8 (&r)[8]) {
  __m256 t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 4) {
    const __m256 a = _mm256_unpacklo_ps(r[i].v, r[i + 1].v),
                 b = _mm256_unpackhi_ps(r[i].v, r[i + 1].v);
    const __m256 c = _mm256_unpacklo_ps(r[i + 2].v, r[i + 3].v),
                 d = _mm256_unpackhi_ps(r[i + 2].v, r[i + 3].v);
    t[i] = _mm256_shuffle_ps(a, c, 0x44);
    t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
    t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
    t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
  }
}

}  // namespace vireo::simd
