// Gathers against index arithmetic.
#include "devices/cpu/kernels/gather/gather.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

TEST(Gather, AlongAnyAxisWithBatches) {
  for (const int64_t row : {1, 2, 3, 17}) {
    const int64_t batch = 2, outer = 3, axis = 5, count = 4;
    std::vector<int32_t> src(static_cast<size_t>(batch * outer * axis * row)),
        dst(static_cast<size_t>(batch * outer * count * row));
    for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<int32_t>(i) + 1;
    const std::vector<int64_t> index = {0, 4, -1, 2, 3, -5, 7, 1};
    const GatherPlan plan = plan_gather({batch, outer, axis, count, row * 4, DataType::i64});
    run_in_parts(run_gather, plan, GatherArgs{src.data(), index.data(), dst.data()});
    size_t out = 0;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < count; ++k)
          for (int64_t r = 0; r < row; ++r) {
            int64_t at = index[static_cast<size_t>(b * count + k)];
            if (at < 0) at += axis;
            const int32_t want =
                at >= axis ? 0 : src[static_cast<size_t>(((b * outer + o) * axis + at) * row + r)];
            ASSERT_EQ(dst[out++], want);
          }
  }
}

TEST(Gather, EmbeddingRowsWithNarrowIndices) {
  auto table = random_floats(1000 * 96, -1, 1, 1);
  std::vector<int32_t> index(77);
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int32_t>(i * 331 % 1000);
  std::vector<float> dst(77 * 96);
  run_in_parts(run_gather, plan_gather({1, 1, 1000, 77, 96 * 4, DataType::i32}),
               GatherArgs{table.data(), index.data(), dst.data()});
  for (size_t i = 0; i < dst.size(); ++i)
    ASSERT_EQ(dst[i], table[static_cast<size_t>(index[i / 96]) * 96 + i % 96]);
}

TEST(GatherElements, MatchesDefinition) {
  auto src = random_floats(2 * 6 * 5, -1, 1, 1);
  std::vector<int64_t> index(2 * 3 * 5);
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i * 5 % 12) - 6;
  std::vector<float> dst(index.size());
  run_in_parts(run_gather_elements, plan_gather_elements({2, 6, 3, 5, 4, DataType::i64}),
               GatherArgs{src.data(), index.data(), dst.data()});
  for (size_t i = 0; i < dst.size(); ++i) {
    const int64_t at = index[i] < 0 ? index[i] + 6 : index[i];
    ASSERT_EQ(dst[i], src[(i / 15 * 6 + static_cast<size_t>(at)) * 5 + i % 5]);
  }
}

}  // namespace
}  // namespace vireo::cpu
