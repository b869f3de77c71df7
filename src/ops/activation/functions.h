// The functions of one double that several operators share.
#pragma once

#include <algorithm>
#include <cmath>

namespace vireo::ops {

inline constexpr double kSqrtHalf = 0.70710678118654752440;
inline constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

// Keeps NaN.
inline double clamp(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double soft_plus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
inline double gelu_erf(double x) { return x * 0.5 * std::erfc(-x * kSqrtHalf); }
inline double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x)));
}

// Giles' approximation of the inverse error function, then two Newton steps to double precision.
inline double erf_inverse(double y) {
  if (!(std::fabs(y) < 1)) return std::fabs(y) == 1 ? std::copysign(HUGE_VAL, y) : NAN;
  const double w = -std::log((1 - y) * (1 + y));
  const double near[] = {2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
                         -4.39150654e-06, 0.00021858087,  -0.00125372503,
                         -0.00417768164,  0.246640727,    1.50140941};
  const double far[] = {-0.000200214257, 0.000100950558, 0.00134934322,
                        -0.00367342844,  0.00573950773,  -0.0076224613,
                        0.00943887047,   1.00167406,     2.83297682};
  const double t = w < 5 ? w - 2.5 : std::sqrt(w) - 3;
  double p = 0;
  for (const double c : w < 5 ? near : far) p = p * t + c;
  double x = p * y;
  for (int i = 0; i < 2; ++i) {
    // The complement keeps its digits where erf is near 1.
    const double error = std::fabs(y) < 0.5
                             ? std::erf(x) - y
                             : std::copysign((1 - std::fabs(y)) - std::erfc(std::fabs(x)), y);
    x -= error / (1.12837916709551257390 * std::exp(-x * x));
  }
  return x;
}

}  // namespace vireo::ops
