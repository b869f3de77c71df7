// The portable tier: four lanes as a compiler vector, which every target maps to its baseline
// registers.
#pragma once

#include "base/simd/vec.h"

namespace vireo::simd {

typedef float raw_f4 __attribute__((vector_size(16)));
typedef int32_t raw_i4 __attribute__((vector_size(16)));

template <>
struct lane_mask<4> {
  raw_i4 v;
  friend VIREO_SIMD lane_mask operator&(lane_mask a, lane_mask b) { return {a.v & b.v}; }
  friend VIREO_SIMD lane_mask operator|(lane_mask a, lane_mask b) { return {a.v | b.v}; }
  friend VIREO_SIMD lane_mask operator!(lane_mask a) { return {~a.v}; }
};

VIREO_SIMD bool any(lane_mask<4> m) { return (m.v[0] | m.v[1] | m.v[2] | m.v[3]) != 0; }
VIREO_SIMD bool all(lane_mask<4> m) { return (m.v[0] & m.v[1] & m.v[2] & m.v[3]) != 0; }

template <>
struct vec<int32_t, 4> {
  static constexpr int lanes = 4;
  raw_i4 v;
  vec() = default;
  VIREO_SIMD vec(raw_i4 x) : v(x) {}
  VIREO_SIMD explicit vec(int32_t x) : v{x, x, x, x} {}
  static VIREO_SIMD vec load(const int32_t* p) {
    raw_i4 r;
    __builtin_memcpy(&r, p, 16);
    return r;
  }
  VIREO_SIMD void store(int32_t* p) const { __builtin_memcpy(p, &v, 16); }
  static VIREO_SIMD vec iota() { return raw_i4{0, 1, 2, 3}; }
  friend VIREO_SIMD vec operator+(vec a, vec b) { return a.v + b.v; }
  friend VIREO_SIMD vec operator-(vec a, vec b) { return a.v - b.v; }
  friend VIREO_SIMD vec operator&(vec a, vec b) { return a.v & b.v; }
  friend VIREO_SIMD vec operator|(vec a, vec b) { return a.v | b.v; }
  friend VIREO_SIMD vec operator^(vec a, vec b) { return a.v ^ b.v; }
};
using i32x4 = vec<int32_t, 4>;

template <int K>
VIREO_SIMD i32x4 shl(i32x4 a) {
  return a.v << K;
}
template <int K>
VIREO_SIMD i32x4 sar(i32x4 a) {
  return a.v >> K;
}
VIREO_SIMD lane_mask<4> eq(i32x4 a, i32x4 b) { return {a.v == b.v}; }
VIREO_SIMD lane_mask<4> gt(i32x4 a, i32x4 b) { return {a.v > b.v}; }
VIREO_SIMD i32x4 select(lane_mask<4> m, i32x4 a, i32x4 b) { return (m.v & a.v) | (~m.v & b.v); }

template <>
struct vec<float, 4> {
  static constexpr int lanes = 4;
  static constexpr bool has_fma = false;
  using mask = lane_mask<4>;
  using ints = i32x4;
  raw_f4 v;
  vec() = default;
  VIREO_SIMD vec(raw_f4 x) : v(x) {}
  VIREO_SIMD explicit vec(float x) : v{x, x, x, x} {}
  static VIREO_SIMD vec zero() { return vec(0.0f); }
  static VIREO_SIMD vec load(const float* p) {
    raw_f4 r;
    __builtin_memcpy(&r, p, 16);
    return r;
  }
  static VIREO_SIMD vec load(const float* p, int64_t n) {
    if (n >= 4) return load(p);
    raw_f4 r = {0, 0, 0, 0};
    for (int64_t i = 0; i < n; ++i) r[i] = p[i];
    return r;
  }
  VIREO_SIMD void store(float* p) const { __builtin_memcpy(p, &v, 16); }
  VIREO_SIMD void store(float* p, int64_t n) const {
    if (n >= 4) return store(p);
    for (int64_t i = 0; i < n; ++i) p[i] = v[i];
  }
  static VIREO_SIMD vec gather(const float* p, ints at) {
    return raw_f4{p[at.v[0]], p[at.v[1]], p[at.v[2]], p[at.v[3]]};
  }
  friend VIREO_SIMD vec operator+(vec a, vec b) { return a.v + b.v; }
  friend VIREO_SIMD vec operator-(vec a, vec b) { return a.v - b.v; }
  friend VIREO_SIMD vec operator*(vec a, vec b) { return a.v * b.v; }
  friend VIREO_SIMD vec operator/(vec a, vec b) { return a.v / b.v; }
};
using f32x4 = vec<float, 4>;

VIREO_SIMD i32x4 as_int(f32x4 a) { return (raw_i4)a.v; }
VIREO_SIMD f32x4 as_float(i32x4 a) { return (raw_f4)a.v; }
VIREO_SIMD lane_mask<4> eq(f32x4 a, f32x4 b) { return {a.v == b.v}; }
VIREO_SIMD lane_mask<4> ne(f32x4 a, f32x4 b) { return {a.v != b.v}; }
VIREO_SIMD lane_mask<4> lt(f32x4 a, f32x4 b) { return {a.v < b.v}; }
VIREO_SIMD lane_mask<4> le(f32x4 a, f32x4 b) { return {a.v <= b.v}; }
VIREO_SIMD lane_mask<4> gt(f32x4 a, f32x4 b) { return {a.v > b.v}; }
VIREO_SIMD lane_mask<4> ge(f32x4 a, f32x4 b) { return {a.v >= b.v}; }
VIREO_SIMD f32x4 select(lane_mask<4> m, f32x4 a, f32x4 b) {
  return as_float(select(m, as_int(a), as_int(b)));
}
VIREO_SIMD f32x4 min(f32x4 a, f32x4 b) { return select(lt(a, b), a, b); }
VIREO_SIMD f32x4 max(f32x4 a, f32x4 b) { return select(gt(a, b), a, b); }
// Rounded once, as the other tiers do it, so that sums do not differ by tier: a product of floats
// is exact in double. (That the sum is rounded to double first shows once in 2^29 times.)
VIREO_SIMD f32x4 fma(f32x4 a, f32x4 b, f32x4 c) {
#ifdef __FP_FAST_FMAF
  raw_f4 r;
  for (int i = 0; i < 4; ++i) r[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return r;
#else
  typedef double raw_d4 __attribute__((vector_size(32)));
  return __builtin_convertvector(
      __builtin_convertvector(a.v, raw_d4) * __builtin_convertvector(b.v, raw_d4) +
          __builtin_convertvector(c.v, raw_d4),
      raw_f4);
#endif
}
VIREO_SIMD f32x4 fnma(f32x4 a, f32x4 b, f32x4 c) { return fma(vec<float, 4>(-a.v), b, c); }
VIREO_SIMD f32x4 abs(f32x4 a) { return as_float(as_int(a) & i32x4(0x7fffffff)); }
VIREO_SIMD f32x4 neg(f32x4 a) { return as_float(as_int(a) ^ i32x4(INT32_MIN)); }
VIREO_SIMD f32x4 sqrt(f32x4 a) {
  return raw_f4{__builtin_sqrtf(a.v[0]), __builtin_sqrtf(a.v[1]), __builtin_sqrtf(a.v[2]),
                __builtin_sqrtf(a.v[3])};
}
VIREO_SIMD i32x4 to_int(f32x4 a) { return __builtin_convertvector(a.v, raw_i4); }
VIREO_SIMD f32x4 to_float(i32x4 a) { return __builtin_convertvector(a.v, raw_f4); }
// Adding and taking away 1.5 * 2^23 rounds to even; values of 2^23 and above are integers already.
VIREO_SIMD f32x4 round_even(f32x4 a) {
  const f32x4 magic = as_float(i32x4(0x4b000000) | (as_int(a) & i32x4(INT32_MIN)));
  const f32x4 r = (a + magic) - magic;
  const f32x4 signed_r = as_float(as_int(r) | (as_int(a) & i32x4(INT32_MIN)));
  return select(lt(abs(a), f32x4(8388608.0f)), signed_r, a);
}
VIREO_SIMD i32x4 to_int_round(f32x4 a) { return to_int(round_even(a)); }
VIREO_SIMD f32x4 trunc(f32x4 a) {
  const f32x4 r = as_float(as_int(to_float(to_int(a))) | (as_int(a) & i32x4(INT32_MIN)));
  return select(lt(abs(a), f32x4(8388608.0f)), r, a);
}
VIREO_SIMD f32x4 floor(f32x4 a) {
  const f32x4 t = trunc(a);
  return select(gt(t, a), t - f32x4(1.0f), t);
}
VIREO_SIMD f32x4 ceil(f32x4 a) {
  const f32x4 t = trunc(a);
  return select(lt(t, a), as_float(as_int(t + f32x4(1.0f)) | (as_int(a) & i32x4(INT32_MIN))), t);
}
VIREO_SIMD f32x4 add_exponent(f32x4 a, i32x4 n) { return a * as_float(shl<23>(n + i32x4(127))); }
VIREO_SIMD f32x4 scale_by_power(f32x4 a, f32x4 n) {
  return add_exponent(a, to_int(min(f32x4(128.0f), max(f32x4(-127.0f), n))));
}
VIREO_SIMD float reduce_add(f32x4 a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
VIREO_SIMD float reduce_mul(f32x4 a) { return (a.v[0] * a.v[2]) * (a.v[1] * a.v[3]); }
VIREO_SIMD float reduce_max(f32x4 a) {
  const float x = a.v[0] > a.v[2] ? a.v[0] : a.v[2], y = a.v[1] > a.v[3] ? a.v[1] : a.v[3];
  return x > y ? x : y;
}
VIREO_SIMD float reduce_min(f32x4 a) {
  const float x = a.v[0] < a.v[2] ? a.v[0] : a.v[2], y = a.v[1] < a.v[3] ? a.v[1] : a.v[3];
  return x < y ? x : y;
}

// Conversions of whole vectors; convert.h builds tails and the public names on these.
VIREO_SIMD f32x4 widen(const int8_t* p, f32x4*) {
  return raw_f4{(float)p[0], (float)p[1], (float)p[2], (float)p[3]};
}
VIREO_SIMD f32x4 widen(const uint8_t* p, f32x4*) {
  return raw_f4{(float)p[0], (float)p[1], (float)p[2], (float)p[3]};
}
VIREO_SIMD f32x4 widen(const int32_t* p, f32x4*) { return to_float(i32x4::load(p)); }
VIREO_SIMD f32x4 widen(const int64_t* p, f32x4*) {
  return raw_f4{(float)p[0], (float)p[1], (float)p[2], (float)p[3]};
}
VIREO_SIMD f32x4 widen(const bf16_t* p, f32x4*) {
  const raw_i4 bits = {p[0].bits << 16, p[1].bits << 16, p[2].bits << 16, p[3].bits << 16};
  return as_float(i32x4(bits));
}
VIREO_SIMD f32x4 widen(const f16_t* p, f32x4*) {
  const i32x4 h(raw_i4{p[0].bits, p[1].bits, p[2].bits, p[3].bits});
  const i32x4 sign = shl<16>(h & i32x4(0x8000));
  const i32x4 magnitude = shl<13>(h & i32x4(0x7fff));
  // Scaling by 2^112 moves the exponent's bias and makes denormals normal; infinities and NaNs keep
  // all exponent bits.
  const f32x4 finite = as_float(magnitude) * f32x4(5.192296858534828e+33f);
  const i32x4 special = magnitude | i32x4(0x7f800000);
  return as_float(select(gt(magnitude, i32x4(0x0f7fffff)), special, as_int(finite)) | sign);
}

// Saturating float to integer by truncation, NaN gives 0; the caller has clamped already.
VIREO_SIMD void narrow(int8_t* p, i32x4 a) {
  for (int i = 0; i < 4; ++i) p[i] = (int8_t)a.v[i];
}
VIREO_SIMD void narrow(uint8_t* p, i32x4 a) {
  for (int i = 0; i < 4; ++i) p[i] = (uint8_t)a.v[i];
}
VIREO_SIMD void narrow(int32_t* p, i32x4 a) { a.store(p); }
VIREO_SIMD void narrow(int64_t* p, i32x4 a) {
  for (int i = 0; i < 4; ++i) p[i] = a.v[i];
}
VIREO_SIMD void narrow(bf16_t* p, i32x4 a) {
  for (int i = 0; i < 4; ++i) p[i].bits = (uint16_t)a.v[i];
}
VIREO_SIMD void narrow_f16(f16_t* p, f32x4 a) {
  for (int i = 0; i < 4; ++i) {
    uint32_t x;
    const float lane = a.v[i];
    __builtin_memcpy(&x, &lane, 4);
    const uint32_t sign = (x >> 16) & 0x8000u;
    x &= 0x7fffffffu;
    uint32_t h;
    if (x > 0x7f800000u) {
      h = 0x7e00u | ((x >> 13) & 0x1ffu);
    } else if (x >= 0x477ff000u) {
      h = 0x7c00u;
    } else if (x < 0x38800000u) {  // denormal in f16: the float adder rounds it
      float f;
      __builtin_memcpy(&f, &x, 4);
      f += 0.5f;
      __builtin_memcpy(&h, &f, 4);
      h -= 0x3f000000u;
    } else {
      h = (x - 0x38000000u + 0xfffu + ((x >> 13) & 1u)) >> 13;
    }
    p[i].bits = (uint16_t)(h | sign);
  }
}

// A square tile held as rows, in place.
VIREO_SIMD void transpose(f32x4 (&r)[4]) {
  const raw_f4 a = __builtin_shufflevector(r[0].v, r[1].v, 0, 4, 1, 5),
               b = __builtin_shufflevector(r[0].v, r[1].v, 2, 6, 3, 7);
  const raw_f4 c = __builtin_shufflevector(r[2].v, r[3].v, 0, 4, 1, 5),
               d = __builtin_shufflevector(r[2].v, r[3].v, 2, 6, 3, 7);
  r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

}  // namespace vireo::simd
