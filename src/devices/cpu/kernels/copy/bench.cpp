// Prints the bandwidth of copies and padding.
#include "devices/cpu/kernels/copy/copy.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  auto x = bench::random_floats(3136 * 256), y = bench::random_floats(3600 * 256);
  for (const int64_t channels : {1, 4, 16, 64}) {
    const int64_t dims[2] = {3136, channels}, from[2] = {channels * 4, 4}, to[2] = {256 * 4, 4};
    bench::measure("into rows of 256: 3136x" + std::to_string(channels), "GB/s",
                   8.0 * 3136 * static_cast<double>(channels), run_copy,
                   plan_copy(2, dims, from, to, 4), CopyArgs{x.data(), y.data()});
  }
  const int64_t dims[4] = {1, 56, 56, 64}, pads[4] = {0, 1, 1, 0};
  const float zero = 0;
  bench::measure("pad 56x56x64 by 1", "GB/s", 8.0 * 3136 * 64, run_pad,
                 plan_pad(4, dims, pads, pads, PadMode::constant, 4),
                 PadArgs{x.data(), &zero, y.data()});
}
