// Sixteen lanes: AVX-512 F, BW, DQ and VL.
#pragma once

#include <immintrin.h>

#include "base/simd/vec.h"

namespace vireo::simd {

template <>
struct lane_mask<16> {
  __mmask16 v;
  friend VIREO_SIMD lane_mask operator&(lane_mask a, lane_mask b) {
    return {_kand_mask16(a.v, b.v)};
  }
  friend VIREO_SIMD lane_mask operator|(lane_mask a, lane_mask b) {
    return {_kor_mask16(a.v, b.v)};
  }
  friend VIREO_SIMD lane_mask operator!(lane_mask a) { return {_knot_mask16(a.v)}; }
};

VIREO_SIMD bool any(lane_mask<16> m) { return m.v != 0; }
VIREO_SIMD bool all(lane_mask<16> m) { return m.v == 0xffff; }

VIREO_SIMD __mmask16 first_lanes16(int64_t n) { return (__mmask16)_bzhi_u32(0xffff, (unsigned)n); }

template <>
struct vec<int32_t, 16> {
  static constexpr int lanes = 16;
  __m512i v;
  vec() = default;
  VIREO_SIMD vec(__m512i x) : v(x) {}
  VIREO_SIMD explicit vec(int32_t x) : v(_mm512_set1_epi32(x)) {}
  static VIREO_SIMD vec load(const int32_t* p) { return _mm512_loadu_si512(p); }
  VIREO_SIMD void store(int32_t* p) const { _mm512_storeu_si512(p, v); }
  static VIREO_SIMD vec iota() {
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
  friend VIREO_SIMD vec operator+(vec a, vec b) { return _mm512_add_epi32(a.v, b.v); }
  friend VIREO_SIMD vec operator-(vec a, vec b) { return _mm512_sub_epi32(a.v, b.v); }
  friend VIREO_SIMD vec operator&(vec a, vec b) { return _mm512_and_si512(a.v, b.v); }
  friend VIREO_SIMD vec operator|(vec a, vec b) { return _mm512_or_si512(a.v, b.v); }
  friend VIREO_SIMD vec operator^(vec a, vec b) { return _mm512_xor_si512(a.v, b.v); }
};
using i32x16 = vec<int32_t, 16>;

template <int K>
VIREO_SIMD i32x16 shl(i32x16 a) {
  return _mm512_slli_epi32(a.v, K);
}
template <int K>
VIREO_SIMD i32x16 sar(i32x16 a) {
  return _mm512_srai_epi32(a.v, K);
}
VIREO_SIMD lane_mask<16> eq(i32x16 a, i32x16 b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
VIREO_SIMD lane_mask<16> gt(i32x16 a, i32x16 b) { return {_mm512_cmpgt_epi32_mask(a.v, b.v)}; }
VIREO_SIMD i32x16 select(lane_mask<16> m, i32x16 a, i32x16 b) {
  return _mm512_mask_blend_epi32(m.v, b.v, a.v);
}

template <>
struct vec<float, 16> {
  static constexpr int lanes = 16;
  static constexpr bool has_fma = true;
  using mask = lane_mask<16>;
  using ints = i32x16;
  __m512 v;
  vec() = default;
  VIREO_SIMD vec(__m512 x) : v(x) {}
  VIREO_SIMD explicit vec(float x) : v(_mm512_set1_ps(x)) {}
  static VIREO_SIMD vec zero() { return _mm512_setzero_ps(); }
  static VIREO_SIMD vec load(const float* p) { return _mm512_loadu_ps(p); }
  static VIREO_SIMD vec load(const float* p, int64_t n) {
    if (__builtin_constant_p(n) && n == 16) return load(p);
    return _mm512_maskz_loadu_ps(first_lanes16(n), p);
  }
  VIREO_SIMD void store(float* p) const { _mm512_storeu_ps(p, v); }
  VIREO_SIMD void store(float* p, int64_t n) const {
    if (__builtin_constant_p(n) && n == 16) return store(p);
    _mm512_mask_storeu_ps(p, first_lanes16(n), v);
  }
  static VIREO_SIMD vec gather(const float* p, ints at) { return _mm512_i32gather_ps(at.v, p, 4); }
  friend VIREO_SIMD vec operator+(vec a, vec b) { return _mm512_add_ps(a.v, b.v); }
  friend VIREO_SIMD vec operator-(vec a, vec b) { return _mm512_sub_ps(a.v, b.v); }
  friend VIREO_SIMD vec operator*(vec a, vec b) { return _mm512_mul_ps(a.v, b.v); }
  friend VIREO_SIMD vec operator/(vec a, vec b) { return _mm512_div_ps(a.v, b.v); }
};
using f32x16 = vec<float, 16>;

VIREO_SIMD i32x16 as_int(f32x16 a) { return _mm512_castps_si512(a.v); }
VIREO_SIMD f32x16 as_float(i32x16 a) { return _mm512_castsi512_ps(a.v); }
VIREO_SIMD lane_mask<16> eq(f32x16 a, f32x16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)};
}
VIREO_SIMD lane_mask<16> ne(f32x16 a, f32x16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)};
}
VIREO_SIMD lane_mask<16> lt(f32x16 a, f32x16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)};
}
VIREO_SIMD lane_mask<16> le(f32x16 a, f32x16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)};
}
VIREO_SIMD lane_mask<16> gt(f32x16 a, f32x16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)};
}
VIREO_SIMD lane_mask<16> ge(f32x16 a, f32x16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)};
}
VIREO_SIMD f32x16 select(lane_mask<16> m, f32x16 a, f32x16 b) {
  return _mm512_mask_blend_ps(m.v, b.v, a.v);
}
VIREO_SIMD f32x16 min(f32x16 a, f32x16 b) { return _mm512_min_ps(a.v, b.v); }
VIREO_SIMD f32x16 max(f32x16 a, f32x16 b) { return _mm512_max_ps(a.v, b.v); }
VIREO_SIMD f32x16 fma(f32x16 a, f32x16 b, f32x16 c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
VIREO_SIMD f32x16 fnma(f32x16 a, f32x16 b, f32x16 c) { return _mm512_fnmadd_ps(a.v, b.v, c.v); }
VIREO_SIMD f32x16 abs(f32x16 a) { return as_float(as_int(a) & i32x16(0x7fffffff)); }
VIREO_SIMD f32x16 neg(f32x16 a) { return as_float(as_int(a) ^ i32x16(INT32_MIN)); }
VIREO_SIMD f32x16 sqrt(f32x16 a) { return _mm512_sqrt_ps(a.v); }
VIREO_SIMD i32x16 to_int(f32x16 a) { return _mm512_cvttps_epi32(a.v); }
VIREO_SIMD i32x16 to_int_round(f32x16 a) { return _mm512_cvtps_epi32(a.v); }
VIREO_SIMD f32x16 to_float(i32x16 a) { return _mm512_cvtepi32_ps(a.v); }
VIREO_SIMD f32x16 round_even(f32x16 a) {
  return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x16 trunc(f32x16 a) {
  return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x16 floor(f32x16 a) {
  return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x16 ceil(f32x16 a) {
  return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
VIREO_SIMD f32x16 add_exponent(f32x16 a, i32x16 n) {
  return a * as_float(shl<23>(n + i32x16(127)));
}
VIREO_SIMD f32x16 scale_by_power(f32x16 a, f32x16 n) { return _mm512_scalef_ps(a.v, n.v); }

// Halving by hand: what _mm512_reduce_* do is the compiler's choice, and sums must not change with
// it.
VIREO_SIMD __m256 high_half(f32x16 a) { return _mm512_extractf32x8_ps(a.v, 1); }
VIREO_SIMD __m256 low_half(f32x16 a) { return _mm512_castps512_ps256(a.v); }
VIREO_SIMD float reduce_add(f32x16 a) {
  const __m256 y = _mm256_add_ps(low_half(a), high_half(a));
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}
VIREO_SIMD float reduce_mul(f32x16 a) {
  const __m256 y = _mm256_mul_ps(low_half(a), high_half(a));
  __m128 x = _mm_mul_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_mul_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_mul_ss(x, _mm_shuffle_ps(x, x, 1)));
}
VIREO_SIMD float reduce_max(f32x16 a) {
  const __m256 y = _mm256_max_ps(low_half(a), high_half(a));
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}
VIREO_SIMD float reduce_min(f32x16 a) {
  const __m256 y = _mm256_min_ps(low_half(a), high_half(a));
  __m128 x = _mm_min_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_min_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_min_ss(x, _mm_shuffle_ps(x, x, 1)));
}

VIREO_SIMD f32x16 widen(const int8_t* p, f32x16*) {
  return to_float(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p)));
}
VIREO_SIMD f32x16 widen(const uint8_t* p, f32x16*) {
  return to_float(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p)));
}
VIREO_SIMD f32x16 widen(const int32_t* p, f32x16*) { return to_float(i32x16::load(p)); }
VIREO_SIMD f32x16 widen(const int64_t* p, f32x16*) {
  const __m256 lo = _mm512_cvtepi64_ps(_mm512_loadu_si512(p)),
               hi = _mm512_cvtepi64_ps(_mm512_loadu_si512(p + 8));
  return _mm512_insertf32x8(_mm512_castps256_ps512(lo), hi, 1);
}
VIREO_SIMD f32x16 widen(const bf16_t* p, f32x16*) {
  return as_float(shl<16>(i32x16(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p)))));
}
VIREO_SIMD f32x16 widen(const f16_t* p, f32x16*) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p));
}

VIREO_SIMD f32x16 widen_first(const bf16_t* p, int64_t n, f32x16*) {
  const __m256i x = _mm256_maskz_loadu_epi16(first_lanes16(n), p);
  return as_float(shl<16>(i32x16(_mm512_cvtepu16_epi32(x))));
}

VIREO_SIMD void narrow(int8_t* p, i32x16 a) {
  _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8(a.v));
}
VIREO_SIMD void narrow(uint8_t* p, i32x16 a) {
  _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8(a.v));
}
VIREO_SIMD void narrow(int32_t* p, i32x16 a) { a.store(p); }
VIREO_SIMD void narrow(int64_t* p, i32x16 a) {
  _mm512_storeu_si512(p, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(a.v)));
  _mm512_storeu_si512(p + 8, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(a.v, 1)));
}
VIREO_SIMD void narrow(bf16_t* p, i32x16 a) {
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(a.v));
}
VIREO_SIMD void narrow_first(bf16_t* p, i32x16 a, int64_t n) {
  _mm256_mask_storeu_epi16(p, first_lanes16(n), _mm512_cvtepi32_epi16(a.v));
}
VIREO_SIMD void narrow_f16(f16_t* p, f32x16 a) {
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT));
}

#ifdef __AVX512BF16__
// What the generic form does in ten instructions; a denormal becomes 0.
VIREO_SIMD __m256i round_bf16(f32x16 a) { return (__m256i)_mm512_cvtneps_pbh(a.v); }
VIREO_SIMD void store_whole(bf16_t* p, f32x16 a) {
  _mm256_storeu_si256((__m256i*)p, round_bf16(a));
}
VIREO_SIMD void store_first(bf16_t* p, f32x16 a, int64_t n) {
  _mm256_mask_storeu_epi16(p, first_lanes16(n), round_bf16(a));
}
#endif

// A square tile held as rows, in place.
VIREO_SIMD void transpose(f32x16 (&r)[16]) {
  __m512 t[16];
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {  // within 128-bit lanes: 4 x 4 tiles
    const __m512 a = _mm512_unpacklo_ps(r[i].v, r[i + 1].v),
                 b = _mm512_unpackhi_ps(r[i].v, r[i + 1].v);
    const __m512 c = _mm512_unpacklo_ps(r[i + 2].v, r[i + 3].v),
                 d = _mm512_unpackhi_ps(r[i + 2].v, r[i + 3].v);
    t[i] = _mm512_shuffle_ps(a, c, 0x44);
    t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
    t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
    t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // then the 128-bit lanes themselves, as a 4 x 4 tile
    const __m512 a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88),
                 b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
    const __m512 c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88),
                 d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
    r[i] = _mm512_shuffle_f32x4(a, c, 0x88);
    r[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
    r[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
}

}  // namespace vireo::simd
