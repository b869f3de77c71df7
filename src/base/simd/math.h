// Elementary functions on f32 lanes, within 1-2 ulp unless said. NaN in gives NaN out; infinities,
// zeros, denormals and overflow behave as in <cmath>. F is vec<float, N>. Polynomials after the
// Cephes library (Moshier), erf after N. Juffa.
#pragma once

#include "base/simd/vec.h"

namespace vireo::simd {

template <typename F>
VIREO_SIMD F copysign(F magnitude, F sign) {
  using I = typename F::ints;
  return as_float((as_int(magnitude) & I(0x7fffffff)) | (as_int(sign) & I(INT32_MIN)));
}

// x = n * ln2 + r with |r| <= ln2 / 2; exp(r) = 1 + tail.
template <typename F>
VIREO_SIMD F exp_tail(F x, F n) {
  F r = fnma(n, F(0.693359375f), x);
  r = fnma(n, F(-2.12194440e-4f), r);
  F p = fma(F(1.9875691500e-4f), r, F(1.3981999507e-3f));
  p = fma(p, r, F(8.3334519073e-3f));
  p = fma(p, r, F(4.1665795894e-2f));
  p = fma(p, r, F(1.6666665459e-1f));
  p = fma(p, r, F(5.0000001201e-1f));
  return fma(p, r * r, r);
}

template <typename F>
VIREO_SIMD F exp(F x) {
  using I = typename F::ints;
  x = min(F(89.0f), max(F(-104.0f), x));  // operands in this order keep a NaN
  const F n = round_even(x * F(1.44269504088896341f));
  const F y = exp_tail(x, n) + F(1.0f);
  const I whole = to_int(n),
          half = sar<1>(whole);  // two factors: results may be denormal, or overflow
  return add_exponent(add_exponent(y, half), whole - half);
}

// 2^z for |z| <= 160, to 1.5e-7: what nonlinearities need of exp, in half its steps. 0 or infinite
// where that leaves the normal numbers (denormal in some tiers); 1 at 0. Minimax on [-1/2, 1/2].
template <typename F>
VIREO_SIMD F exp2_bounded(F z) {
  const F n = round_even(z), r = z - n;
  F p = fma(F(1.3264727313e-3f), r, F(9.6715129912e-3f));
  p = fma(p, r, F(5.5507335812e-2f));
  p = fma(p, r, F(2.4022242427e-1f));
  p = fma(p, r, F(6.9314700365e-1f));
  return scale_by_power(fma(p, r, F(1.0f)), n);
}

constexpr float kLog2E = 1.44269504088896341f;

// exp for x <= 0 where what is below 1.2e-38 may become 0: softmax and attention. Exactly 0 at
// -infinity.
template <typename F>
VIREO_SIMD F exp_nonpositive(F x) {
  return exp2_bounded(max(F(-160.0f), x * F(kLog2E)));
}

template <typename F>
VIREO_SIMD F expm1(F x) {
  const F c = min(F(88.0f), max(F(-88.0f), x));
  const F n = round_even(c * F(1.44269504088896341f));
  const F scale = add_exponent(F(1.0f), to_int(n));
  const F r = fma(scale, exp_tail(c, n), scale - F(1.0f));
  return select(ge(x, F(88.0f)), exp(x), r);
}

// x = m * 2^e with m in [sqrt(1/2), sqrt(2)), for positive finite x.
template <typename F>
VIREO_SIMD F split_exponent(F x, F* e) {
  using I = typename F::ints;
  const auto tiny = lt(x, F(1.17549435e-38f));
  const I bits = as_int(select(tiny, x * F(8388608.0f), x));
  const I shifted = sar<23>(bits - I(0x3f3504f3));
  *e = to_float(shifted) - select(tiny, F(23.0f), F::zero());
  return as_float(bits - shl<23>(shifted));
}

template <typename F>
VIREO_SIMD F log(F x) {
  F e;
  const F f = split_exponent(x, &e) - F(1.0f);
  F p = fma(F(7.0376836292e-2f), f, F(-1.1514610310e-1f));
  p = fma(p, f, F(1.1676998740e-1f));
  p = fma(p, f, F(-1.2420140846e-1f));
  p = fma(p, f, F(1.4249322787e-1f));
  p = fma(p, f, F(-1.6668057665e-1f));
  p = fma(p, f, F(2.0000714765e-1f));
  p = fma(p, f, F(-2.4999993993e-1f));
  p = fma(p, f, F(3.3333331174e-1f));
  const F z = f * f;
  F y = p * f * z;
  y = fma(e, F(-2.12194440e-4f), y);
  y = fnma(F(0.5f), z, y);
  F r = fma(e, F(0.693359375f), f + y);
  const F infinity(__builtin_inff());
  r = select(eq(x, infinity), infinity, r);
  r = select(eq(x, F::zero()), neg(infinity), r);
  return select(ge(x, F::zero()), r, F(__builtin_nanf("")));
}

template <typename F>
VIREO_SIMD F log1p(F x) {
  const F u = x + F(1.0f);
  const F correction = (x - (u - F(1.0f))) / u;
  const F r = log(u) + correction;
  return select(lt(abs(x), F(__builtin_inff())),
                select(eq(u, F(1.0f)), x, select(eq(u, F::zero()), log(u), r)), log(u));
}

template <typename F>
VIREO_SIMD F tanh(F x) {
  const F t = abs(x), z = x * x;
  F p = fma(F(-5.70498872745e-3f), z, F(2.06390887954e-2f));
  p = fma(p, z, F(-5.37397155531e-2f));
  p = fma(p, z, F(1.33314422036e-1f));
  p = fma(p, z, F(-3.33332819422e-1f));
  const F small = fma(p * z, x, x);
  const F e = exp(min(F(20.0f), t + t));
  const F large = copysign(F(1.0f) - F(2.0f) / (e + F(1.0f)), x);
  return select(lt(t, F(0.625f)), small, large);
}

// Beyond 130 the power is infinite, and the sigmoid exactly 0.
template <typename F>
VIREO_SIMD F sigmoid(F x) {
  const F z = min(F(130.0f), max(F(-130.0f), x * F(-kLog2E)));
  return F(1.0f) / (F(1.0f) + exp2_bounded(z));
}

// x * sigmoid(beta * x); where that is below 1e-35 it is only small.
template <typename F>
VIREO_SIMD F silu(F x, F beta) {
  const F z = min(F(126.0f), max(F(-126.0f), x * (beta * F(-kLog2E))));
  return x / (F(1.0f) + exp2_bounded(z));
}

// log(1 + exp(x)).
template <typename F>
VIREO_SIMD F softplus(F x) {
  const F e = exp(neg(abs(x))), u = e + F(1.0f);
  return max(F::zero(), x) + (log(u) + (e - (u - F(1.0f))) / u);
}

// erf(t) = 1 - exp(r) for t above 0.93; returns r.
template <typename F>
VIREO_SIMD F erf_exponent(F t) {
  const F s = t * t;
  F r = fma(F(-1.72853470e-5f), t, F(3.83197126e-4f));
  const F u = fma(F(-3.88396438e-3f), t, F(2.42546219e-2f));
  r = fma(r, s, u);
  r = fma(r, t, F(-1.06777877e-1f));
  r = fma(r, t, F(-6.34846687e-1f));
  r = fma(r, t, F(-1.28717512e-1f));
  return fma(r, t, neg(t));
}

template <typename F>
VIREO_SIMD F erf_small(F x) {
  const F s = x * x;
  F r = fma(F(-5.96761703e-4f), s, F(4.99119423e-3f));
  r = fma(r, s, F(-2.67681349e-2f));
  r = fma(r, s, F(1.12819925e-1f));
  r = fma(r, s, F(-3.76125336e-1f));
  r = fma(r, s, F(1.28379166e-1f));
  return fma(r, x, x);
}

template <typename F>
VIREO_SIMD F erf(F x) {
  const F t = min(F(4.0f), abs(x));
  const F large = copysign(F(1.0f) - exp(erf_exponent(t)), x);
  return select(gt(t, F(0.927734375f)), large, erf_small(x));
}

// x * Phi(x), the Gaussian error linear unit: max(x, 0) - |x| * erfc(|x| / sqrt(2)) / 2, with
// erfc(z) = exp(-z^2) * t * P(t), t = 1 / (1 + 0.3275911 z): the form of Abramowitz and Stegun
// 7.1.26, with a polynomial fitted to a relative error of 1e-7.
template <typename F>
VIREO_SIMD F gelu_erf(F x) {
  const F a = min(F(13.0f), abs(x));  // beyond, the tail is 0; infinities must not meet it
  const F t = F(1.0f) / fma(F(0.23164181f), a, F(1.0f));
  F p = fma(F(-0.14229088567f / 2), t, F(0.50159103917f / 2));
  p = fma(p, t, F(-0.41447767734f / 2));
  p = fma(p, t, F(0.46128778850f / 2));
  p = fma(p, t, F(0.02105716777f / 2));
  p = fma(p, t, F(0.20726528681f / 2));
  p = fma(p, t, F(0.18049833367f / 2));
  p = fma(p, t, F(0.18506903930f / 2));
  const F tail = exp2_bounded(a * a * F(-0.5f * kLog2E)) * (a * t * p);
  return max(F::zero(), x) - tail;
}

template <typename F>
VIREO_SIMD F gelu_tanh(F x) {
  const F u = x * fma(x * x, F(0.0713548162726009f), F(1.5957691216057308f));
  return x * sigmoid(u);
}

template <typename F>
VIREO_SIMD F mish(F x) {
  const F w = exp(min(F(20.0f), x)), u = w * (w + F(2.0f));
  return select(gt(x, F(20.0f)), x, x * (u / (u + F(2.0f))));
}

template <typename F, typename Fn>
VIREO_SIMD F per_lane(F x, Fn fn) {
  float lanes[F::lanes];
  x.store(lanes);
  for (int i = 0; i < F::lanes; ++i) lanes[i] = fn(lanes[i]);
  return F::load(lanes);
}

template <typename F, typename Fn>
VIREO_SIMD F per_lane(F x, F y, Fn fn) {
  float xs[F::lanes], ys[F::lanes];
  x.store(xs);
  y.store(ys);
  for (int i = 0; i < F::lanes; ++i) xs[i] = fn(xs[i], ys[i]);
  return F::load(xs);
}

// sin and cos share the reduction to a quarter turn; beyond 8192 its three constants are not enough
// and libm does it.
template <typename F>
VIREO_SIMD F sin_quarters(F x, int offset) {
  using I = typename F::ints;
  const F n = round_even(x * F(0.636619772367581343f));
  F r = fnma(n, F(1.5703125f), x);
  r = fnma(n, F(4.837512969970703125e-4f), r);
  r = fnma(n, F(7.549789948768648e-8f), r);
  const I quarter = to_int(n) + I(offset);
  const F z = r * r;
  F s = fma(F(-1.9515295891e-4f), z, F(8.3321608736e-3f));
  s = fma(s, z, F(-1.6666654611e-1f));
  s = fma(s * z, r, r);
  F c = fma(F(2.443315711809948e-5f), z, F(-1.388731625493765e-3f));
  c = fma(c, z, F(4.166664568298827e-2f));
  c = fma(c * z, z, fnma(F(0.5f), z, F(1.0f)));
  const F y = select(eq(quarter & I(1), I(0)), s, c);
  return as_float(as_int(y) ^ shl<30>(quarter & I(2)));
}

template <typename F>
VIREO_SIMD F sin(F x) {
  if (any(!le(abs(x), F(8192.0f))))
    return per_lane(x, [](float v) VIREO_LAMBDA { return __builtin_sinf(v); });
  return sin_quarters(x, 0);
}

template <typename F>
VIREO_SIMD F cos(F x) {
  if (any(!le(abs(x), F(8192.0f))))
    return per_lane(x, [](float v) VIREO_LAMBDA { return __builtin_cosf(v); });
  return sin_quarters(x, 1);
}

// log(x) = hi + lo to about 2^-30, for positive finite x; needs a true fused multiply-add.
template <typename F>
VIREO_SIMD F log_extended(F x, F* lo) {
  F e;
  const F m = split_exponent(x, &e) - F(1.0f);
  const F r = F(1.0f) / (m + F(2.0f));
  const F q = m * r;
  const F q_lo = r * fnma(q, m, fnma(q, F(2.0f), m));
  const F s = q * q;
  F p = fma(F(0.15384615385f), s, F(0.18181818182f));
  p = fma(p, s, F(0.22222222222f));
  p = fma(p, s, F(0.28571428571f));
  p = fma(p, s, F(0.4f));
  p = fma(p, s, F(0.66666666667f));
  const F tail = fma(p * s, q, q_lo + q_lo);
  const F a = e * F(6.9313812256e-1f), b = q + q;
  const F sum = a + b;
  const F rest = (b - (sum - a)) + fma(e, F(9.0580006145e-6f), tail);
  const F hi = sum + rest;
  *lo = rest - (hi - sum);
  return hi;
}

template <typename F>
VIREO_SIMD F pow(F x, F y) {
  using I = typename F::ints;
  const F t = abs(x), infinity(__builtin_inff());
  const auto zero = eq(x, F::zero()) & gt(y, F::zero());
  const auto plain = (gt(t, F::zero()) | zero) & lt(t, infinity) & lt(abs(y), F(16777216.0f));
  if (!F::has_fma || !all(plain))
    return per_lane(x, y, [](float a, float b) VIREO_LAMBDA { return __builtin_powf(a, b); });
  F lo;
  const F hi = log_extended(select(zero, F(1.0f), t), &lo);
  const F p = y * hi;
  const F p_lo = select(lt(abs(p), F(120.0f)), fma(y, lo, fma(y, hi, neg(p))), F::zero());
  const F e = exp(p);
  F r = select(lt(e, infinity), fma(e, p_lo, e), e);
  r = select(zero, F::zero(), r);
  const auto negative = lt(x, F::zero());
  const auto whole = eq(round_even(y), y);
  const I odd = to_int(y) & I(1);
  r = as_float(as_int(r) | (as_int(x) & shl<30>(odd + odd)));
  return select(negative & !whole, F(__builtin_nanf("")), r);
}

}  // namespace vireo::simd
