// Prints the bandwidth of rotary embeddings for each tier.
#include "devices/cpu/kernels/rope/rope.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    for (const bool interleaved : {false, true}) {
      RopeParams p;
      p.extents[2] = 512, p.extents[3] = 32;
      p.depth = 64, p.cos_strides[2] = 64, p.sin_strides[2] = 64, p.interleaved = interleaved;
      const int64_t n = 512 * 32 * 64;
      const auto x = bench::random_floats(n), cos = bench::random_floats(512 * 64);
      auto y = x;
      bench::measure(interleaved ? "512x32x64 interleaved" : "512x32x64", "GB/s", 8.0 * n, run_rope,
                     plan_rope(p, isa), RopeArgs{x.data(), cos.data(), cos.data(), y.data()});
    }
  });
}
