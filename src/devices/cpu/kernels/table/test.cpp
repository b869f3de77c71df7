// Every tier against the definition, at sizes around the vectors, in place too.
#include "devices/cpu/kernels/table/table.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

TEST(Table, LooksUpEveryCode) {
  std::vector<uint8_t> table(256);
  for (size_t i = 0; i < 256; ++i) table[i] = uint8_t(i * 167 + 13);
  for (const IsaSet& isa : tiers())
    for (const size_t n : {0, 1, 31, 32, 63, 64, 65, 256, 1000, 40000}) {
      std::vector<uint8_t> src(n), dst(n + 1, 77);
      for (size_t i = 0; i < n; ++i) src[i] = uint8_t(i * 7 + i / 256);
      const TablePlan plan = plan_table(int64_t(n), isa);
      run_in_parts(run_table, plan, TableArgs{table.data(), src.data(), dst.data()});
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(dst[i], table[src[i]]) << i << " of " << n;
      ASSERT_EQ(dst[n], 77) << "wrote past the end of " << n;
      run_in_parts(run_table, plan, TableArgs{table.data(), src.data(), src.data()});
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(src[i], dst[i]) << "in place";
    }
}

}  // namespace
}  // namespace vireo::cpu
