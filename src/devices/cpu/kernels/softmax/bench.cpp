// Prints the bandwidth of softmax for each tier.
#include "devices/cpu/kernels/softmax/softmax.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    const int64_t shapes[][3] = {{1536, 128, 1}, {12, 197, 1},  {1, 1000, 1},
                                 {64, 32000, 1}, {8, 21, 4096}, {100000, 4, 1}};
    for (const auto& s : shapes) {
      const int64_t n = s[0] * s[1] * s[2];
      auto x = bench::random_floats(n), y = x;
      const std::string what =
          std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]);
      bench::measure(what, "GB/s", 8.0 * n, run_softmax, plan_softmax(s[0], s[1], s[2], false, isa),
                     SoftmaxArgs{x.data(), y.data()});
    }
  });
}
