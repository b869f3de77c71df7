// vec<T, N>: N lanes of T. Each instruction set specialises it in its own header (scalar.h, avx2.h,
// avx512.h); a kernel file includes exactly one of them. Everything is always inlined, so nothing
// compiled with ISA flags leaves a kernel file.
//
// Common vocabulary (F = vec<float, N>, I = vec<int32_t, N>, M = F::mask):
//   F(x) broadcasts; load(p), load(p, n), store(p), store(p, n): unaligned, n in [0, N] lanes,
//   lanes beyond n read as 0 fma(a, b, c) = a * b + c; fnma(a, b, c) = c - a * b (one rounding
//   where the hardware has it) min(a, b), max(a, b): b if either is NaN, and b if equal eq ne lt le
//   gt ge -> M; select(m, a, b) = m ? a : b; any(m), all(m); m & m, m | m, !m round_even floor ceil
//   trunc sqrt abs neg; as_int, as_float (bits); to_int (truncates), to_int_round; to_float
//   first_lanes<F>(n) -> M; transpose(F (&rows)[N]) turns a square tile
//   add_exponent(x, n) = x * 2^n for results that stay normal; scale_by_power(x, n) the same for a
//   whole float n, 0 or infinite beyond; reduce_add / _max / _min / _mul: a fixed tree
#pragma once

#include <cstddef>
#include <cstdint>

#define VIREO_SIMD inline __attribute__((always_inline))
// For lambdas handed to always-inline templates: a copy left out of line would be a weak symbol.
#define VIREO_LAMBDA __attribute__((always_inline))

namespace vireo::simd {

template <typename T, int N>
struct vec;

template <int N>
struct lane_mask;

// The first n lanes; n may exceed their number.
template <typename F>
VIREO_SIMD typename F::mask first_lanes(int64_t n) {
  using I = typename F::ints;
  return gt(I((int32_t)n), I::iota());
}

// Calls body(i, n) for [begin, end) in steps of a vector; n is the constant F::lanes but for a
// tail, so that loads and stores of n lanes are whole ones in the loop.
template <typename F, typename Body>
VIREO_SIMD void for_lanes(int64_t begin, int64_t end, Body body) {
  int64_t i = begin;
  for (; i + F::lanes <= end; i += F::lanes) body(i, (int64_t)F::lanes);
  if (i < end) body(i, end - i);
}

// Stored formats that differ from what the lanes compute in.
struct bf16_t {
  uint16_t bits;
};
struct f16_t {
  uint16_t bits;
};

}  // namespace vireo::simd
