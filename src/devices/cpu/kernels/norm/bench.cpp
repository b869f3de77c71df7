// Prints the bandwidth of layer and group norm for each tier.
#include "devices/cpu/kernels/norm/norm.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    for (const int64_t size : {64, 768, 4096}) {
      LayerNormParams p;
      p.rows = 128, p.size = size;
      auto x = bench::random_floats(p.rows * size), y = x, scale = bench::random_floats(size);
      const LayerNormArgs a = {x.data(), nullptr, scale.data(), scale.data(), y.data(), nullptr};
      bench::measure("layer norm 128x" + std::to_string(size), "GB/s", 8.0 * p.rows * size,
                     run_layer_norm, plan_layer_norm(p, isa), a);
    }
    GroupNormParams g;
    g.batch = 1, g.spatial = 3136, g.channels = 320, g.groups = 32;
    auto x = bench::random_floats(3136 * 320), y = x;
    bench::measure("group norm 3136x320", "GB/s", 8.0 * 3136 * 320, run_group_norm,
                   plan_group_norm(g, isa), GroupNormArgs{x.data(), nullptr, nullptr, y.data()});
  });
}
