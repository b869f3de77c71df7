// Scatters and one-hot rows against their definitions.
#include "devices/cpu/kernels/scatter/scatter.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

TEST(ScatterRows, TheLaterUpdateWinsAndStrayIndicesWriteNothing) {
  std::vector<float> dst = random_floats(2 * 4 * 3, -1, 1, 1), want = dst;
  const auto updates = random_floats(2 * 5 * 3, -1, 1, 2);
  const std::vector<int64_t> index = {1, -1, 4, 1, -5};
  for (size_t o = 0; o < 2; ++o)
    for (size_t r = 0; r < 3; ++r) {
      want[(o * 4 + 3) * 3 + r] = updates[(o * 5 + 1) * 3 + r];
      want[(o * 4 + 1) * 3 + r] = updates[(o * 5 + 3) * 3 + r];
    }
  run_in_parts(run_scatter_rows, plan_scatter_rows({2, 4, 5, 12, DataType::i64}),
               ScatterArgs{index.data(), updates.data(), dst.data()});
  EXPECT_EQ(dst, want);
}

TEST(ScatterND, WritesRowsAtTuples) {
  std::vector<float> dst = random_floats(4 * 3 * 2, -1, 1, 1), want = dst;
  const auto updates = random_floats(4 * 2, -1, 1, 2);
  const std::vector<int32_t> index = {0, 2, -1, 0, 4, 0, 0, 2};
  for (size_t r = 0; r < 2; ++r) want[4 + r] = updates[6 + r], want[18 + r] = updates[2 + r];
  ScatterNDParams p;
  p.count = 4, p.row_bytes = 8, p.tuple = 2, p.index_type = DataType::i32;
  p.extents[0] = 4, p.extents[1] = 3, p.strides_bytes[0] = 24, p.strides_bytes[1] = 8;
  run_in_parts(run_scatter_nd, plan_scatter_nd(p),
               ScatterArgs{index.data(), updates.data(), dst.data()});
  EXPECT_EQ(dst, want);
}

TEST(ScatterElements, MatchesTheDefinitionAlongEveryAxis) {
  const int64_t data[] = {3, 4, 5}, dims[] = {2, 3, 4}, strides[] = {20, 5, 1};
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<float> dst = random_floats(60, -1, 1, 1), want = dst;
    const auto updates = random_floats(24, -1, 1, 2);
    std::vector<int64_t> index(24);
    for (size_t i = 0; i < index.size(); ++i)
      index[i] = int64_t(i * 5) % (2 * data[axis]) - data[axis];
    for (int64_t i = 0; i < 24; ++i) {
      int64_t at[] = {i / 12, i / 4 % 3, i % 4};
      at[axis] = index[size_t(i)] < 0 ? index[size_t(i)] + data[axis] : index[size_t(i)];
      want[size_t(at[0] * 20 + at[1] * 5 + at[2])] = updates[size_t(i)];
    }
    ScatterElementsParams p;
    p.rank = 3, p.axis = axis, p.extent = data[axis];
    std::copy(dims, dims + 3, p.dims);
    std::copy(strides, strides + 3, p.strides);
    run_in_parts(run_scatter_elements, plan_scatter_elements(p),
                 ScatterArgs{index.data(), updates.data(), dst.data()});
    EXPECT_EQ(dst, want) << "axis " << axis;
  }
}

TEST(OneHot, SetsWhereTheIndexPoints) {
  const std::vector<int32_t> index = {0, 2, -1, 3};  // [2, 2]
  for (const bool wrap : {false, true}) {
    const int16_t on = 7, off = -3;
    std::vector<int16_t> dst(12), want(12, off);
    want[0] = want[5] = on;  // [2, 3, 2]
    if (wrap) want[10] = on;
    OneHotParams p;
    p.outer = 2, p.depth = 3, p.inner = 2, p.element_bytes = 2, p.wrap_negative = wrap;
    p.index_type = DataType::i32;
    run_in_parts(run_one_hot, plan_one_hot(p), OneHotArgs{index.data(), &on, &off, dst.data()});
    EXPECT_EQ(dst, want);
  }
}

}  // namespace
}  // namespace vireo::cpu
