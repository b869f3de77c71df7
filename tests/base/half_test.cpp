// Small floats against a formula that searches the table of all values instead of shifting bits.
#include "base/support/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace vireo {
namespace {

const float kInf = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

// The value of a code by the textbook: (-1)^s 2^(e-bias) (1 + m/2^M).
double textbook(uint32_t code, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const uint32_t mantissa = code & ((1u << mantissa_bits) - 1);
  const int exponent = int(code >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const double sign = (code >> (mantissa_bits + exponent_bits)) & 1 ? -1 : 1;
  const double fraction = std::ldexp(double(mantissa), -mantissa_bits);
  return sign * (exponent == 0 ? std::ldexp(fraction, 1 - bias)
                               : std::ldexp(1 + fraction, exponent - bias));
}

// Every finite code converts back to itself, and all points around the midpoint between neighbours
// round right.
template <typename Decode, typename Encode>
void check_format(int exponent_bits, int mantissa_bits, uint32_t codes, Decode decode,
                  Encode encode) {
  for (uint32_t code = 0; code < codes; ++code) {
    const double value = textbook(code, exponent_bits, mantissa_bits);
    ASSERT_EQ(double(decode(code)), value) << "code " << code;
    ASSERT_EQ(uint32_t(encode(value)), code);
    const uint32_t sign = 1u << (exponent_bits + mantissa_bits);
    ASSERT_EQ(double(decode(code | sign)), -value);
    ASSERT_EQ(uint32_t(encode(-value)), code | sign);
    if (code + 1 == codes) break;
    const double next = textbook(code + 1, exponent_bits, mantissa_bits),
                 middle = (value + next) / 2;
    ASSERT_EQ(uint32_t(encode(middle)), code + (code & 1)) << "tie above code " << code;
    ASSERT_EQ(uint32_t(encode(std::nextafter(middle, 0))), code);
    ASSERT_EQ(uint32_t(encode(std::nextafter(middle, 1e300))), code + 1);
  }
}

TEST(Half, F16FromDouble) {
  check_format(
      5, 10, 0x7c00, [](uint32_t c) { return f32_from_f16(uint16_t(c)); },
      [](double x) { return f16_from_f64(x); });
}

TEST(Half, Bf16FromDouble) {
  check_format(
      8, 7, 0x7f80, [](uint32_t c) { return f32_from_bf16(uint16_t(c)); },
      [](double x) { return bf16_from_f64(x); });
}

TEST(Half, F8) {
  check_format(
      4, 3, 0x7f, [](uint32_t c) { return f32_from_f8e4m3(uint8_t(c)); },
      [](double x) { return f8e4m3_from_f64(x); });
  check_format(
      5, 2, 0x7c, [](uint32_t c) { return f32_from_f8e5m2(uint8_t(c)); },
      [](double x) { return f8e5m2_from_f64(x); });
}

TEST(Half, F4) {
  check_format(
      2, 1, 8, [](uint32_t c) { return f32_from_f4e2m1(uint8_t(c)); },
      [](double x) { return f4e2m1_from_f64(x); });
}

TEST(Half, SingleAgreesWithDoubleOnAllExponentsAndRandomMantissas) {
  std::mt19937 random(7);
  for (uint32_t high = 0; high < 0x200; ++high) {
    for (int i = 0; i < 400; ++i) {
      uint32_t mantissa = random() & 0x7fffffu;
      if (i % 4 == 0) mantissa &= ~0x1fffu, mantissa ^= (i & 8) ? 0x1000u : 0u;
      const float x = half_detail::float_of((high << 23) | mantissa);
      ASSERT_EQ(f16_from_f32(x), f16_from_f64(x)) << x;
      ASSERT_TRUE(x != x || bf16_from_f32(x) == bf16_from_f64(x)) << x;
    }
  }
}

TEST(Half, InfinitiesAndNaN) {
  EXPECT_EQ(f32_from_f16(0x7c00), kInf);
  EXPECT_EQ(f16_from_f32(-kInf), 0xfc00);
  EXPECT_EQ(f16_from_f32(65519.996f), 0x7bff);
  EXPECT_EQ(f16_from_f32(65520.0f), 0x7c00);
  for (uint32_t code : {0x7c01u, 0x7fffu, 0xfe00u})
    EXPECT_TRUE(std::isnan(f32_from_f16(uint16_t(code))));
  EXPECT_TRUE(std::isnan(f32_from_f16(f16_from_f32(kNaN))));
  EXPECT_TRUE(std::isnan(f32_from_bf16(bf16_from_f32(half_detail::float_of(0x7f800001u)))));
  EXPECT_EQ(bf16_from_f32(3.4e38f), 0x7f80);
  EXPECT_TRUE(std::isnan(f32_from_f8e4m3(0x7f)) && std::isnan(f32_from_f8e4m3(0xff)));
  EXPECT_TRUE(std::isnan(f32_from_f8e5m2(0x7d)));
  EXPECT_EQ(f32_from_f8e5m2(0xfc), -kInf);
  EXPECT_EQ(f8e5m2_from_f32(kNaN) & 0x7c, 0x7c);
}

TEST(Half, F8BeyondItsRange) {
  EXPECT_EQ(f8e4m3_from_f32(464.0f), 0x7e);  // the tie goes to the even code, 448
  EXPECT_EQ(f8e4m3_from_f32(465.0f), 0x7f);
  EXPECT_EQ(f8e4m3_from_f32(-kInf), 0xff);
  EXPECT_EQ(f8e4m3_from_f32(465.0f, F8Range::Saturate), 0x7e);
  EXPECT_EQ(f8e4m3_from_f32(-kInf, F8Range::Saturate), 0xfe);
  EXPECT_EQ(f8e5m2_from_f32(61439.0f), 0x7b);
  EXPECT_EQ(f8e5m2_from_f32(61440.0f), 0x7c);
  EXPECT_EQ(f8e5m2_from_f32(1e9f, F8Range::Saturate), 0x7b);
}

TEST(Half, F4SaturatesAndHasNoNaN) {
  EXPECT_EQ(f4e2m1_from_f32(1e9f), 7);
  EXPECT_EQ(f4e2m1_from_f32(-kInf), 15);
  EXPECT_EQ(f4e2m1_from_f32(kNaN), 7);
  EXPECT_EQ(f4e2m1_from_f32(5.0f), 6);
}

TEST(Half, F8e8m0) {
  for (int code = 0; code < 255; ++code) {
    const double value = std::ldexp(1.0, code - 127);
    ASSERT_EQ(double(f32_from_f8e8m0(uint8_t(code))), value);
    ASSERT_EQ(f8e8m0_from_f64(value), code);
    const int up = code == 254 ? 254 : code + 1;
    ASSERT_EQ(f8e8m0_from_f64(value * 1.5), code % 2 ? up : code);
    ASSERT_EQ(f8e8m0_from_f64(value * 1.4999), code);
    ASSERT_EQ(f8e8m0_from_f64(value * 1.5001), up);
  }
  EXPECT_TRUE(std::isnan(f32_from_f8e8m0(255)));
  EXPECT_EQ(f8e8m0_from_f32(kNaN), 255);
  EXPECT_EQ(f8e8m0_from_f32(kInf), 254);
  EXPECT_EQ(f8e8m0_from_f32(-3.0f), 0);
  EXPECT_EQ(f8e8m0_from_f32(0.0f), 0);
}

TEST(Half, Nf4TakesTheNearestEntry) {
  for (int code = 0; code < 16; ++code) EXPECT_EQ(nf4_from_f32(kNf4[code]), code);
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(-1.2, 1.2);
  for (int i = 0; i < 10000; ++i) {
    const double x = uniform(random);
    int best = 0;
    for (int code = 1; code < 16; ++code)
      if (std::fabs(kNf4[code] - x) < std::fabs(kNf4[best] - x)) best = code;
    ASSERT_EQ(nf4_from_f64(x), best) << x;
  }
  EXPECT_EQ(nf4_from_f32(kNaN), 0);
}

}  // namespace
}  // namespace vireo
