// Scalar conversions between f32/f64 and the small floating types, by their bits: f16, bf16, f8e4m3
// (the FN variant), f8e5m2, f8e8m0, f4e2m1 and nf4. One rounding, to nearest even; no table but
// nf4's.
#pragma once

#include <cstdint>
#include <cstring>

namespace vireo {

namespace half_detail {

inline uint32_t bits_of(float x) {
  uint32_t u;
  std::memcpy(&u, &x, sizeof u);
  return u;
}
inline uint64_t bits_of(double x) {
  uint64_t u;
  std::memcpy(&u, &x, sizeof u);
  return u;
}
inline float float_of(uint32_t u) {
  float x;
  std::memcpy(&x, &u, sizeof x);
  return x;
}

constexpr int bias(int exponent_bits) { return (1 << (exponent_bits - 1)) - 1; }

// The magnitude's code in a format of E exponent and M mantissa bits, as if its exponents went on
// for ever: the caller compares with the largest finite code. x must not be NaN; an infinity gives
// a code over every limit.
template <int E, int M>
inline uint64_t round_magnitude(double x) {
  const uint64_t u = bits_of(x) & 0x7fffffffffffffffull;
  const int exponent = int(u >> 52) - 1023;
  if (exponent == 1024) return uint64_t(1) << 40;
  constexpr int kMinExponent = 1 - bias(E);
  const int base = exponent < kMinExponent ? kMinExponent : exponent;
  const int shift = 52 - M + (base - exponent);
  if (shift > 53) return 0;
  const uint64_t mantissa = (u & 0xfffffffffffffull) | (uint64_t(1) << 52);
  uint64_t q = mantissa >> shift;
  const uint64_t rest = mantissa & ((uint64_t(1) << shift) - 1);
  const uint64_t tie = uint64_t(1) << (shift - 1);
  q += rest > tie || (rest == tie && (q & 1));
  // A carry out of the mantissa moves the exponent up by itself.
  return (uint64_t(base + bias(E) - 1) << M) + q;
}

// The value of a finite magnitude code.
template <int E, int M>
inline float magnitude(uint32_t code) {
  const uint32_t exponent = code >> M;
  const uint32_t mantissa = code & ((1u << M) - 1);
  if (exponent == 0) {
    const float unit = float_of(uint32_t(127 + 1 - bias(E) - M) << 23);
    return float(mantissa) * unit;
  }
  return float_of(((exponent + 127 - bias(E)) << 23) | (mantissa << (23 - M)));
}

}  // namespace half_detail

inline float f32_from_f16(uint16_t h) {
  const uint32_t sign = uint32_t(h & 0x8000u) << 16;
  const uint32_t code = h & 0x7fffu;
  if (code >= 0x7c00u) return half_detail::float_of(sign | 0x7f800000u | ((code & 0x3ffu) << 13));
  const float value = half_detail::magnitude<5, 10>(code);
  return half_detail::float_of(sign | half_detail::bits_of(value));
}

// Overflow gives infinity, as IEEE has it.
inline uint16_t f16_from_f64(double x) {
  const uint16_t sign = uint16_t(half_detail::bits_of(x) >> 48) & 0x8000u;
  if (x != x) return uint16_t(sign | 0x7e00u);
  const uint64_t code = half_detail::round_magnitude<5, 10>(x);
  return uint16_t(sign | (code >= 0x7c00u ? 0x7c00u : code));
}

inline uint16_t f16_from_f32(float x) {
  const uint32_t u = half_detail::bits_of(x);
  const uint16_t sign = uint16_t((u >> 16) & 0x8000u);
  const uint32_t a = u & 0x7fffffffu;
  // Normal results: rebias, then round on the 13 bits that go.
  if (a >= 0x38800000u && a < 0x477ff000u)
    return uint16_t(sign | ((a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13));
  if (a > 0x7f800000u) return uint16_t(sign | 0x7e00u);
  if (a >= 0x477ff000u) return uint16_t(sign | 0x7c00u);
  return f16_from_f64(x);
}

inline float f32_from_bf16(uint16_t b) { return half_detail::float_of(uint32_t(b) << 16); }

inline uint16_t bf16_from_f32(float x) {
  const uint32_t u = half_detail::bits_of(x);
  if (x != x) return uint16_t((u >> 16) | 0x40u);
  return uint16_t((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

inline uint16_t bf16_from_f64(double x) {
  const uint16_t sign = uint16_t(half_detail::bits_of(x) >> 48) & 0x8000u;
  if (x != x) return uint16_t(sign | 0x7fc0u);
  const uint64_t code = half_detail::round_magnitude<8, 7>(x);
  return uint16_t(sign | (code >= 0x7f80u ? 0x7f80u : code));
}

// What an 8-bit float does with a magnitude over its range. Type conversion in graphs takes
// Overflow (f8e4m3: NaN, having no infinity; f8e5m2: infinity); quantisation takes Saturate (the
// largest finite value, also for an infinity).
enum class F8Range { Overflow, Saturate };

inline float f32_from_f8e4m3(uint8_t v) {
  const uint32_t sign = uint32_t(v & 0x80u) << 24;
  const uint32_t code = v & 0x7fu;
  if (code == 0x7fu) return half_detail::float_of(sign | 0x7fc00000u);
  return half_detail::float_of(sign | half_detail::bits_of(half_detail::magnitude<4, 3>(code)));
}

inline uint8_t f8e4m3_from_f64(double x, F8Range range = F8Range::Overflow) {
  const uint8_t sign = uint8_t(half_detail::bits_of(x) >> 56) & 0x80u;
  if (x != x) return uint8_t(sign | 0x7fu);
  const uint64_t code = half_detail::round_magnitude<4, 3>(x);
  if (code > 0x7eu) return uint8_t(sign | (range == F8Range::Saturate ? 0x7eu : 0x7fu));
  return uint8_t(sign | code);
}

inline float f32_from_f8e5m2(uint8_t v) { return f32_from_f16(uint16_t(v << 8)); }

inline uint8_t f8e5m2_from_f64(double x, F8Range range = F8Range::Overflow) {
  const uint8_t sign = uint8_t(half_detail::bits_of(x) >> 56) & 0x80u;
  if (x != x) return uint8_t(sign | 0x7eu);
  const uint64_t code = half_detail::round_magnitude<5, 2>(x);
  if (code > 0x7bu) return uint8_t(sign | (range == F8Range::Saturate ? 0x7bu : 0x7cu));
  return uint8_t(sign | code);
}

// A power of two: 2^(code - 127), 255 is NaN.
inline float f32_from_f8e8m0(uint8_t v) {
  if (v == 255) return half_detail::float_of(0x7fc00000u);
  return half_detail::float_of(v == 0 ? 0x00400000u : uint32_t(v) << 23);
}

// Nearest power of two, a tie (1.5 x 2^n) to the even code; zero and negatives give the least,
// infinity the greatest.
inline uint8_t f8e8m0_from_f64(double x) {
  if (x != x) return 255;
  if (!(x > 0)) return 0;
  const uint64_t u = half_detail::bits_of(x);
  const int code = int(u >> 52) - 1023 + 127;
  if (code < 0) return 0;
  if (code >= 254) return 254;
  const uint64_t mantissa = u & 0xfffffffffffffull, tie = uint64_t(1) << 51;
  return uint8_t(code + (mantissa > tie || (mantissa == tie && (code & 1))));
}

inline float f32_from_f4e2m1(uint8_t v) {
  const uint32_t sign = uint32_t(v & 8u) << 28;
  return half_detail::float_of(sign | half_detail::bits_of(half_detail::magnitude<2, 1>(v & 7u)));
}

// Saturates at 6, having neither infinity nor NaN; NaN gives 6 with its sign.
inline uint8_t f4e2m1_from_f64(double x) {
  const uint8_t sign = uint8_t(half_detail::bits_of(x) >> 60) & 8u;
  if (x != x) return uint8_t(sign | 7u);
  const uint64_t code = half_detail::round_magnitude<2, 1>(x);
  return uint8_t(sign | (code > 7u ? 7u : code));
}

// The sixteen quantiles of QLoRA (Dettmers et al. 2023, appendix E).
inline constexpr float kNf4[16] = {-1.0f,
                                   -0.6961928009986877f,
                                   -0.5250730514526367f,
                                   -0.39491748809814453f,
                                   -0.28444138169288635f,
                                   -0.18477343022823334f,
                                   -0.09105003625154495f,
                                   0.0f,
                                   0.07958029955625534f,
                                   0.16093020141124725f,
                                   0.24611230194568634f,
                                   0.33791524171829224f,
                                   0.44070982933044434f,
                                   0.5626170039176941f,
                                   0.7229568362236023f,
                                   1.0f};

inline float f32_from_nf4(uint8_t v) { return kNf4[v & 15u]; }

// The nearest entry, a tie to the lower one; NaN gives the lowest.
inline uint8_t nf4_from_f64(double x) {
  uint8_t code = 0;
  while (code < 15 && x > (double(kNf4[code]) + double(kNf4[code + 1])) / 2) ++code;
  return code;
}

inline uint8_t f8e4m3_from_f32(float x, F8Range r = F8Range::Overflow) {
  return f8e4m3_from_f64(x, r);
}
inline uint8_t f8e5m2_from_f32(float x, F8Range r = F8Range::Overflow) {
  return f8e5m2_from_f64(x, r);
}
inline uint8_t f8e8m0_from_f32(float x) { return f8e8m0_from_f64(x); }
inline uint8_t f4e2m1_from_f32(float x) { return f4e2m1_from_f64(x); }
inline uint8_t nf4_from_f32(float x) { return nf4_from_f64(x); }

}  // namespace vireo
