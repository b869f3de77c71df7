// Loads and stores that convert: f32 lanes from and to f32, f16, bf16, 8-bit, 32-bit and 64-bit
// integers and booleans.
#pragma once

#include "base/simd/vec.h"

namespace vireo::simd {

struct bool_t {
  uint8_t value;
};

// n in [1, lanes]; lanes beyond n read as 0.
template <typename F>
VIREO_SIMD F load_as(const float* p, int64_t n) {
  return F::load(p, n);
}
// A tier may overload these two for a type that it loads or stores under a mask.
template <typename F, typename T>
VIREO_SIMD F widen_first(const T* p, int64_t n, F*) {
  T lanes[F::lanes] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  return widen(lanes, (F*)nullptr);
}
template <typename T, typename I>
VIREO_SIMD void narrow_first(T* p, I x, int64_t n) {
  T lanes[I::lanes];
  narrow(lanes, x);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
}

template <typename F, typename T>
VIREO_SIMD F load_as(const T* p, int64_t n) {
  if (n >= F::lanes) return widen(p, (F*)nullptr);
  return widen_first(p, n, (F*)nullptr);
}
template <typename F>
VIREO_SIMD F load_as(const bool_t* p, int64_t n) {
  return load_as<F>((const uint8_t*)p, n);
}

// Float to integer truncates and saturates, NaN gives 0.
template <typename F>
VIREO_SIMD typename F::ints saturate(F x, float low, float high) {
  x = select(eq(x, x), x, F::zero());
  return to_int(min(max(x, F(low)), F(high)));
}
template <typename F>
VIREO_SIMD void store_whole(uint8_t* p, F x) {
  narrow(p, saturate(x, 0.0f, 255.0f));
}
template <typename F>
VIREO_SIMD void store_whole(int8_t* p, F x) {
  narrow(p, saturate(x, -128.0f, 127.0f));
}
template <typename F>
VIREO_SIMD void store_whole(int32_t* p, F x) {
  using I = typename F::ints;
  x = select(eq(x, x), x, F::zero());
  const I low = to_int(max(x, F(-2147483648.0f)));
  narrow(p, select(ge(x, F(2147483648.0f)), I(INT32_MAX), low));
}
template <typename F>
VIREO_SIMD void store_whole(int64_t* p, F x) {
  float lanes[F::lanes];
  x.store(lanes);
  for (int i = 0; i < F::lanes; ++i) {
    const float v = lanes[i];
    p[i] = v >= 9223372036854775808.0f    ? INT64_MAX
           : v <= -9223372036854775808.0f ? INT64_MIN
           : v == v                       ? (int64_t)v
                                          : 0;
  }
}
template <typename F>
VIREO_SIMD void store_whole(bool_t* p, F x) {
  using I = typename F::ints;
  narrow((uint8_t*)p, select(ne(x, F::zero()), I(1), I(0)));
}
template <typename F>
VIREO_SIMD void store_whole(f16_t* p, F x) {
  narrow_f16(p, x);
}
// Rounds to even; a NaN keeps a bit of its payload so that it stays one.
template <typename F>
VIREO_SIMD typename F::ints bf16_bits(F x) {
  using I = typename F::ints;
  const I bits = as_int(x);
  const I odd = sar<16>(bits) & I(1);
  const I rounded = sar<16>(bits + (odd + I(0x7fff)));
  return select(eq(x, x), rounded, sar<16>(bits) | I(0x40)) & I(0xffff);
}
template <typename F>
VIREO_SIMD void store_whole(bf16_t* p, F x) {
  narrow(p, bf16_bits(x));
}

// n in [1, lanes).
template <typename F>
VIREO_SIMD void store_first(bf16_t* p, F x, int64_t n) {
  narrow_first(p, bf16_bits(x), n);
}
template <typename F, typename T>
VIREO_SIMD void store_first(T* p, F x, int64_t n) {
  T lanes[F::lanes];
  store_whole(lanes, x);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
}

template <typename F>
VIREO_SIMD void store_as(float* p, F x, int64_t n) {
  x.store(p, n);
}
template <typename F, typename T>
VIREO_SIMD void store_as(T* p, F x, int64_t n) {
  if (n >= F::lanes) return store_whole(p, x);
  store_first(p, x, n);
}

}  // namespace vireo::simd
