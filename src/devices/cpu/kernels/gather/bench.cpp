// Prints the bandwidth of an embedding lookup.
#include "devices/cpu/kernels/gather/gather.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  auto table = bench::random_floats(30000 * 768), out = bench::random_floats(128 * 768);
  std::vector<int64_t> index(128);
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i * 7919 % 30000);
  bench::measure("128 rows of 768", "GB/s", 8.0 * 128 * 768, run_gather,
                 plan_gather({1, 1, 30000, 128, 768 * 4, DataType::i64}),
                 GatherArgs{table.data(), index.data(), out.data()});
}
