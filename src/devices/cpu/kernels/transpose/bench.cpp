// Prints the bandwidth of transpositions for each tier.
#include "devices/cpu/kernels/transpose/transpose.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  struct Row {
    const char* name;
    int64_t dims[4];
    int permutation[4];
  };
  const Row rows[] = {{"NCHW to NHWC 64x56x56", {1, 64, 56, 56}, {0, 2, 3, 1}},
                      {"NHWC to NCHW 64x56x56", {1, 56, 56, 64}, {0, 3, 1, 2}},
                      {"NCHW to NHWC 3x224x224", {1, 3, 224, 224}, {0, 2, 3, 1}},
                      {"heads 128x12x64", {1, 128, 12, 64}, {0, 2, 1, 3}},
                      {"keys 128x12x64", {1, 128, 12, 64}, {0, 2, 3, 1}},
                      {"NCHW to NHWC 2048x7x7", {1, 2048, 7, 7}, {0, 2, 3, 1}}};
  bench::for_tiers([&](const vireo::IsaSet& isa) {
    for (const Row& row : rows) {
      const int64_t n = row.dims[0] * row.dims[1] * row.dims[2] * row.dims[3];
      auto x = bench::random_floats(n), y = x;
      bench::measure(row.name, "GB/s", 8.0 * n, run_transpose,
                     plan_transpose(4, row.dims, row.permutation, 4, nullptr, nullptr, isa),
                     TransposeArgs{x.data(), y.data()});
    }
  });
}
