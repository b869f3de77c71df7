// Look-ups of an activation's size.
#include "devices/cpu/kernels/table/table.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    std::vector<uint8_t> table(256, 3), src(128 * 3072, 7), dst(src.size());
    bench::measure("128 x 3072 codes", "Gcodes/s", double(src.size()), run_table,
                   plan_table(int64_t(src.size()), isa),
                   TableArgs{table.data(), src.data(), dst.data()});
  });
}
