// Prints the bandwidth of pooling (bytes of the input) for each tier.
#include "devices/cpu/kernels/pool/pool.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    for (const PoolMode mode : {PoolMode::max, PoolMode::average}) {
      PoolParams p;
      p.mode = mode, p.batch = 1, p.channels = 64;
      p.in[1] = p.in[2] = 112, p.out[1] = p.out[2] = 56;
      p.kernel[1] = p.kernel[2] = 3, p.stride[1] = p.stride[2] = 2,
      p.pad_begin[1] = p.pad_begin[2] = 1;
      auto x = bench::random_floats(112 * 112 * 64), y = bench::random_floats(56 * 56 * 64);
      bench::measure(
          mode == PoolMode::max ? "max 3x3 / 2, 112x112x64" : "average 3x3 / 2, 112x112x64", "GB/s",
          4.0 * 112 * 112 * 64, run_pool, plan_pool(p, isa), PoolArgs{x.data(), y.data(), nullptr});
    }
  });
}
