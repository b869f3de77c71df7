// Prints the bandwidth of reductions for each tier.
#include "devices/cpu/kernels/reduce/reduce.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    const int64_t shapes[][3] = {
        {128, 768, 1}, {1, 49, 2048}, {1, 3136, 64}, {1, 1 << 20, 1}, {4096, 8, 1}};
    for (const auto& s : shapes) {
      auto x = bench::random_floats(s[0] * s[1] * s[2]);
      std::vector<float> y(static_cast<size_t>(s[0] * s[2]));
      const std::string what =
          "mean " + std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]);
      bench::measure(what, "GB/s", 4.0 * static_cast<double>(x.size()), run_reduce,
                     plan_reduce(ReduceOp::mean, DataType::f32, s[0], s[1], s[2], isa),
                     ReduceArgs{x.data(), y.data()});
    }
  });
}
