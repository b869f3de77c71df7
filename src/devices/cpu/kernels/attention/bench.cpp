// Prints GFLOP/s of attention for each tier.
#include "devices/cpu/kernels/attention/attention.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    const int64_t shapes[][4] = {{12, 128, 128, 64},
                                 {12, 197, 197, 64},
                                 {8, 1024, 1024, 128},
                                 {32, 1, 1024, 128},
                                 {12, 7, 128, 64}};
    for (const auto& s : shapes) {
      AttentionParams p;
      p.batch = 1, p.heads = p.kv_heads = s[0], p.q_length = s[1],
      p.head_size = p.value_size = s[3], p.scale = 0.125f;
      p.q = p.out = {0, s[3], s[0] * s[3]};
      p.k = p.v = {0, s[3], s[0] * s[3]};
      auto q = bench::random_floats(s[0] * s[1] * s[3]),
           k = bench::random_floats(s[0] * s[2] * s[3]), v = k, out = q;
      const AttentionArgs a = {q.data(), k.data(), v.data(), nullptr, out.data(), s[2]};
      const std::string what = std::to_string(s[0]) + " heads, " + std::to_string(s[1]) + "x" +
                               std::to_string(s[2]) + "x" + std::to_string(s[3]);
      bench::measure(what, "GFLOP/s", 4.0 * static_cast<double>(s[0] * s[1] * s[2] * s[3]),
                     run_attention, plan_attention(p, isa), a);
    }
  });
}
