// TopK against a full sort.
#include "devices/cpu/kernels/sort/top_k.h"

#include <algorithm>
#include <numeric>

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

template <typename T>
void expect_sorted(const TopKParams& p, const std::vector<T>& src) {
  std::vector<T> values(size_t(p.outer * p.k * p.inner));
  std::vector<int64_t> indices(values.size());
  run_in_parts(run_top_k, plan_top_k(p), TopKArgs{src.data(), values.data(), indices.data()});
  for (int64_t row = 0; row < p.outer * p.inner; ++row) {
    const int64_t o = row / p.inner, i = row % p.inner;
    const auto at = [&](int64_t n) { return src[size_t((o * p.axis + n) * p.inner + i)]; };
    std::vector<int64_t> order(size_t(p.axis), 0);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      if (at(a) != at(a) || at(b) != at(b)) return at(a) == at(a) && at(b) != at(b);
      return p.largest ? at(a) > at(b) : at(a) < at(b);
    });
    if (p.by_index) std::sort(order.begin(), order.begin() + p.k);
    for (int64_t n = 0; n < p.k; ++n) {
      const size_t to = size_t((o * p.k + n) * p.inner + i);
      ASSERT_EQ(indices[to], order[size_t(n)]) << "row " << row << " place " << n;
      const T want = at(order[size_t(n)]);
      ASSERT_TRUE(values[to] == want || want != want);
    }
  }
}

TEST(TopK, MatchesAStableSortWithTiesAndNaN) {
  std::vector<float> src = random_floats(3 * 40 * 2, -4, 4, 1);
  for (float& v : src) v = std::round(v);
  src[7] = src[90] = NAN;
  src[11] = INFINITY, src[95] = -INFINITY;
  for (const int64_t k : {1, 2, 7, 39, 40})
    for (const bool largest : {false, true})
      for (const bool by_index : {false, true})
        expect_sorted(TopKParams{3, 40, 2, k, largest, by_index, DataType::f32, DataType::i64},
                      src);
}

TEST(TopK, SortsIntegersAsThemselves) {
  const std::vector<int64_t> src = {1, INT64_MAX, INT64_MAX - 1, INT64_MIN, 0, -1};
  expect_sorted(TopKParams{1, 6, 1, 4, true, false, DataType::i64, DataType::i64}, src);
  expect_sorted(TopKParams{1, 6, 1, 4, false, false, DataType::i64, DataType::i64}, src);
}

}  // namespace
}  // namespace vireo::cpu
