// What the benches of the vector kernels share: the tiers of this machine, random data, a line of
// the table.
#pragma once

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/arch/isa_text.h"
#include "devices/cpu/kernels/dense_bench.h"

namespace vireo::cpu::bench {

inline std::vector<float> random_floats(int64_t n) {
  std::mt19937 engine(1);
  std::uniform_real_distribution<float> draw(-2, 2);
  std::vector<float> v(static_cast<size_t>(n));
  for (float& x : v) x = draw(engine);
  return v;
}

template <typename Fn>
void for_tiers(Fn fn) {
  for (const char* tier : {"scalar", "avx2", "avx512"}) {
    Isa isa = Isa::Scalar;
    if (!isa_from_name(tier, &isa) || !machine_isa().has(isa)) continue;
    std::printf("%s\n", tier);
    fn(parse_isa_cap(tier));
  }
}

// Median time of the whole plan on one thread, as bytes or operations per nanosecond.
template <typename Plan, typename Args, typename Run>
void measure(const std::string& what, const char* unit, double amount, Run run, const Plan& plan,
             const Args& args) {
  std::vector<float> scratch(plan.scratch_bytes / sizeof(float) + 32);
  void* aligned =
      reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
  const double time = median_seconds([&] { run(plan, args, int64_t{0}, plan.tasks, aligned); });
  std::printf("  %-44s %10.2f us %8.1f %s\n", what.c_str(), time * 1e6, amount / time * 1e-9, unit);
}

}  // namespace vireo::cpu::bench
