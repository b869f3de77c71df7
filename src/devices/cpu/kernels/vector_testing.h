// What the tests of the vector kernels share: the tiers of this machine, random data, runs in two
// parts.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/arch/isa_text.h"
#include "base/support/half.h"
#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu::test {

inline std::vector<IsaSet> tiers() {
  std::vector<IsaSet> sets = {parse_isa_cap("scalar")};
  if (machine_isa().has(Isa::Avx2)) sets.push_back(parse_isa_cap("avx2"));
  if (machine_isa().has(Isa::Avx512)) sets.push_back(parse_isa_cap("avx512"));
  return sets;
}

inline std::vector<float> random_floats(int64_t n, double low, double high, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> draw(static_cast<float>(low), static_cast<float>(high));
  std::vector<float> v(static_cast<size_t>(n));
  for (float& x : v) x = draw(engine);
  return v;
}

// Floats as kernels of a type read and write them: f32 in place, bf16 in a copy, to which the
// floats are rounded, so that they stay the operands of the formula.
class Stored {
 public:
  Stored(std::vector<float>& values, DataType type) : values_(values), type_(type) {
    if (type != DataType::bf16) return;
    for (float& x : values) {
      halves_.push_back(bf16_from_f32(x));
      x = f32_from_bf16(halves_.back());
    }
  }
  void* data() {
    return type_ == DataType::bf16 ? static_cast<void*>(halves_.data()) : values_.data();
  }
  void read() {
    for (size_t i = 0; i < halves_.size(); ++i) values_[i] = f32_from_bf16(halves_[i]);
  }

 private:
  std::vector<float>& values_;
  DataType type_;
  std::vector<uint16_t> halves_;
};
// What storing adds to a tolerance: half a unit in the last place.
inline double rounding_of(DataType type) { return type == DataType::bf16 ? 1.0 / 256 : 0; }

// Runs all tasks as two ranges, the later first, in scratch full of NaN.
template <typename Plan, typename Args, typename Run>
void run_in_parts(Run run, const Plan& plan, const Args& args) {
  std::vector<float> scratch(plan.scratch_bytes / sizeof(float) + 32, NAN);
  void* aligned =
      reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
  const int64_t cut = plan.tasks / 2;
  run(plan, args, cut, plan.tasks, aligned);
  run(plan, args, int64_t{0}, cut, aligned);
}

inline void expect_near(const std::vector<float>& got, const std::vector<double>& want,
                        double tolerance, const char* what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i])) {
      ASSERT_TRUE(std::isnan(got[i])) << what << " at " << i;
      continue;
    }
    if (std::isinf(want[i])) {
      ASSERT_EQ(got[i], static_cast<float>(want[i])) << what << " at " << i;
      continue;
    }
    ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::fabs(want[i])))
        << what << " at " << i;
  }
}

}  // namespace vireo::cpu::test
