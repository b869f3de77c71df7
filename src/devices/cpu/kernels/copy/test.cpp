// Copies and padding against index arithmetic.
#include "devices/cpu/kernels/copy/copy.h"

#include <numeric>

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

template <typename T>
std::vector<T> counted(int64_t n) {
  std::vector<T> v(static_cast<size_t>(n));
  for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<T>(i * 7 + 1);
  return v;
}

template <typename T>
void check_slice(int64_t step) {
  // dst[i, j, k] = src[i, start + j * step, k]
  const auto src = counted<T>(4 * 9 * 5);
  const int64_t start = step < 0 ? 8 : 1, dims[3] = {4, 3, 5}, e = sizeof(T);
  const int64_t from[3] = {45 * e, 5 * step * e, e}, to[3] = {15 * e, 5 * e, e};
  std::vector<T> dst(60);
  run_in_parts(run_copy, plan_copy(3, dims, from, to, e),
               CopyArgs{src.data() + start * 5, dst.data()});
  for (int64_t i = 0; i < 60; ++i)
    ASSERT_EQ(dst[static_cast<size_t>(i)],
              src[static_cast<size_t>(i / 15 * 45 + (start + i / 5 % 3 * step) * 5 + i % 5)])
        << i;
}

TEST(Copy, SlicesOfEverySizeAndDirection) {
  for (const int64_t step : {1, 2, -1, -3}) {
    check_slice<uint8_t>(step);
    check_slice<uint16_t>(step);
    check_slice<float>(step);
    check_slice<int64_t>(step);
  }
}

TEST(Copy, LargePlainCopyIsCut) {
  const auto src = counted<float>(1 << 18);
  std::vector<float> dst(src.size());
  const int64_t dims[1] = {1 << 18}, stride[1] = {4};
  const CopyPlan plan = plan_copy(1, dims, stride, stride, 4);
  EXPECT_GT(plan.tasks, 1);
  run_in_parts(run_copy, plan, CopyArgs{src.data(), dst.data()});
  EXPECT_EQ(src, dst);
}

TEST(Copy, TilesAndBroadcasts) {
  const auto src = counted<int32_t>(6);
  const int64_t dims[2] = {2, 3}, repeats[2] = {2, 3};
  std::vector<int32_t> dst(36);
  run_in_parts(run_copy, plan_tile(2, dims, repeats, 4), CopyArgs{src.data(), dst.data()});
  for (size_t i = 0; i < 36; ++i) ASSERT_EQ(dst[i], src[i / 9 % 2 * 3 + i % 9 % 3]) << i;
  const int64_t out[3] = {4, 2, 5}, in[3] = {4, 1, 1};
  std::vector<int32_t> wide(40);
  run_in_parts(run_copy, plan_broadcast(3, out, in, 4), CopyArgs{src.data(), wide.data()});
  for (size_t i = 0; i < 40; ++i) ASSERT_EQ(wide[i], src[i / 10]) << i;
  std::vector<uint8_t> bytes(100);
  const int64_t hundred[1] = {100}, one[1] = {1};
  const uint8_t five = 5;
  run_in_parts(run_copy, plan_broadcast(1, hundred, one, 1), CopyArgs{&five, bytes.data()});
  EXPECT_EQ(bytes, std::vector<uint8_t>(100, 5));
}

int64_t padded_source(PadMode mode, int64_t i, int64_t n) {
  if (i >= 0 && i < n) return i;
  if (mode == PadMode::constant) return -1;
  if (mode == PadMode::edge) return i < 0 ? 0 : n - 1;
  if (mode == PadMode::reflect) return i < 0 ? -i : 2 * n - 2 - i;
  return i < 0 ? -i - 1 : 2 * n - 1 - i;
}

template <typename T>
void check_pad(PadMode mode, const std::vector<int64_t>& dims, const std::vector<int64_t>& begin,
               const std::vector<int64_t>& end) {
  const size_t rank = dims.size();
  int64_t in = 1, out = 1;
  std::vector<int64_t> out_dims(rank);
  for (size_t d = 0; d < rank; ++d)
    in *= dims[d], out_dims[d] = dims[d] + begin[d] + end[d], out *= out_dims[d];
  const auto src = counted<T>(in);
  const T value = 99;
  std::vector<T> dst(static_cast<size_t>(out)), want(dst.size());
  for (int64_t i = 0; i < out; ++i) {
    int64_t rest = i, from = 0, stride = 1;
    for (size_t d = rank; d-- > 0;) {
      const int64_t at = padded_source(mode, rest % out_dims[d] - begin[d], dims[d]);
      rest /= out_dims[d];
      from = at < 0 || from < 0 ? -1 : from + at * stride;
      stride *= dims[d];
    }
    want[static_cast<size_t>(i)] = from < 0 ? value : src[static_cast<size_t>(from)];
  }
  const PadPlan plan =
      plan_pad(static_cast<int>(rank), dims.data(), begin.data(), end.data(), mode, sizeof(T));
  run_in_parts(run_pad, plan, PadArgs{src.data(), &value, dst.data()});
  ASSERT_EQ(dst, want) << "mode " << static_cast<int>(mode) << " rank " << rank;
}

TEST(Pad, EveryMode) {
  for (const PadMode mode :
       {PadMode::constant, PadMode::edge, PadMode::reflect, PadMode::symmetric}) {
    check_pad<float>(mode, {2, 5, 6, 3}, {0, 1, 2, 0}, {0, 2, 1, 0});
    check_pad<float>(mode, {2, 5, 6}, {1, 0, 3}, {1, 0, 2});
    check_pad<int64_t>(mode, {4, 6}, {-1, 2}, {1, -3});
    check_pad<uint8_t>(mode, {7}, {3}, {2});
    check_pad<uint16_t>(mode, {3, 4, 5, 2, 3}, {1, 0, 2, 0, 1}, {0, 0, 1, 0, 2});
    check_pad<float>(mode, {3, 4}, {0, 0}, {0, 0});
  }
}

TEST(Copy, LongLoopsOfShortRunsAreCutAnywhere) {
  const int64_t rows = 3001, dims[] = {rows, 24}, from[] = {160, 4}, to[] = {96, 4};
  const auto src = counted<float>(rows * 40);
  std::vector<float> dst(static_cast<size_t>(rows * 24));
  const CopyPlan plan = plan_copy(2, dims, from, to, 4);
  EXPECT_GT(plan.tasks, 2);
  EXPECT_LT(plan.tasks, rows / 10);
  run_in_parts(run_copy, plan, CopyArgs{src.data() + 8, dst.data()});
  for (size_t i = 0; i < dst.size(); ++i) ASSERT_EQ(dst[i], src[i / 24 * 40 + i % 24 + 8]);
}

TEST(Reverse, TurnsEachSequenceAlongItsLength) {
  std::vector<int16_t> src(2 * 4 * 3 * 5 * 2), dst(src.size());
  for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<int16_t>(i);
  for (const bool sequence_first : {false, true}) {
    const std::vector<int64_t> lengths = {5, 0, 3, 1, 2};
    ReverseParams p;
    p.outer = 2, p.first = 4, p.middle = 3, p.second = 5, p.row_bytes = 4;
    p.sequence_first = sequence_first, p.long_lengths = true;
    run_in_parts(run_reverse, plan_reverse(p), ReverseArgs{src.data(), lengths.data(), dst.data()});
    for (size_t i = 0; i < dst.size(); ++i) {
      int64_t second = static_cast<int64_t>(i / 2 % 5), first = static_cast<int64_t>(i / 30 % 4);
      const int64_t extent = sequence_first ? 4 : 5;
      int64_t& at = sequence_first ? first : second;
      const int64_t length =
          std::min(extent, lengths[static_cast<size_t>(sequence_first ? second : first)]);
      if (at < length) at = length - 1 - at;
      const size_t from = i / 120 * 120 + static_cast<size_t>(first) * 30 + i / 10 % 3 * 10 +
                          static_cast<size_t>(second) * 2 + i % 2;
      ASSERT_EQ(dst[i], src[from]) << i;
    }
  }
}

}  // namespace
}  // namespace vireo::cpu
