// Prints the bandwidth of linear resampling (bytes of the output) for each tier.
#include "devices/cpu/kernels/resize/resize.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  std::vector<int32_t> index;
  for (int32_t o = 0; o < 112; ++o)
    index.push_back(o / 2), index.push_back(o / 2 < 55 ? o / 2 + 1 : 55);
  const std::vector<float> weight(224, 0.5f);
  bench::for_tiers([&](const vireo::IsaSet& isa) {
    for (const int64_t channels : {3, 24, 64}) {
      ResizeParams p;
      p.batch = 1, p.channels = channels;
      p.axis[1] = p.axis[2] = {56, 112, 2, index.data(), weight.data()};
      auto x = bench::random_floats(56 * 56 * channels),
           y = bench::random_floats(112 * 112 * channels);
      bench::measure("linear 56x56 to 112x112 of " + std::to_string(channels), "GB/s",
                     4.0 * 112 * 112 * static_cast<double>(channels), run_resize,
                     plan_resize(p, isa), ResizeArgs{x.data(), y.data()});
    }
  });
}
