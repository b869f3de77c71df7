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
  std::vector<int64_t> index(2 * 3 * 4);  // less than the data beside the axis too
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i * 5 % 12) - 6;
  std::vector<float> dst(index.size());
  GatherElementsParams p;
  p.rank = 3, p.axis = 1, p.extent = 6;
  const int64_t dims[] = {2, 3, 4}, strides[] = {30, 5, 1};
  std::copy(dims, dims + 3, p.dims);
  std::copy(strides, strides + 3, p.strides);
  run_in_parts(run_gather_elements, plan_gather_elements(p),
               GatherArgs{src.data(), index.data(), dst.data()});
  for (size_t i = 0; i < dst.size(); ++i) {
    const int64_t at = index[i] < 0 ? index[i] + 6 : index[i];
    ASSERT_EQ(dst[i], src[(i / 12 * 6 + static_cast<size_t>(at)) * 5 + i % 4]);
  }
}

TEST(GatherND, CopiesRowsAndGivesZerosOutside) {
  auto src = random_floats(2 * 4 * 3 * 5, -1, 1, 1);
  const std::vector<int32_t> index = {0, 0, 3, -1, -4, 1,
                                      2, 3, 1, 2,  4,  0};  // 2 batches of 3 pairs
  GatherNDParams p;
  p.batch = 2, p.count = 3, p.batch_bytes = 240, p.row_bytes = 20, p.tuple = 2;
  p.extents[0] = 4, p.extents[1] = 3, p.strides_bytes[0] = 60, p.strides_bytes[1] = 20;
  p.index_type = DataType::i32;
  std::vector<float> dst(30);
  run_in_parts(run_gather_nd, plan_gather_nd(p), GatherArgs{src.data(), index.data(), dst.data()});
  const int64_t rows[] = {0, 11, 1, -1, 17, -1};  // of 2 * 12
  for (size_t i = 0; i < dst.size(); ++i)
    ASSERT_EQ(dst[i], rows[i / 5] < 0 ? 0 : src[static_cast<size_t>(rows[i / 5]) * 5 + i % 5]);
}

}  // namespace
}  // namespace vireo::cpu
