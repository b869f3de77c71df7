// Transpositions against index arithmetic.
#include "devices/cpu/kernels/transpose/transpose.h"

#include <algorithm>
#include <numeric>

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

void check(const IsaSet& isa, const std::vector<int64_t>& dims, const std::vector<int>& perm,
           int64_t bytes) {
  const int rank = static_cast<int>(dims.size());
  int64_t n = 1;
  for (const int64_t d : dims) n *= d;
  std::vector<uint8_t> src(static_cast<size_t>(n * bytes)), dst(src.size() + 1, 0xee),
      want(src.size() + 1, 0xee);
  for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  std::vector<int64_t> strides(dims.size(), 1);
  for (int d = rank - 2; d >= 0; --d)
    strides[static_cast<size_t>(d)] =
        strides[static_cast<size_t>(d) + 1] * dims[static_cast<size_t>(d) + 1];
  for (int64_t out = 0; out < n; ++out) {
    int64_t rest = out, from = 0;
    for (int d = rank - 1; d >= 0; --d) {
      const size_t axis = static_cast<size_t>(perm[static_cast<size_t>(d)]);
      from += rest % dims[axis] * strides[axis];
      rest /= dims[axis];
    }
    std::memcpy(&want[static_cast<size_t>(out * bytes)], &src[static_cast<size_t>(from * bytes)],
                static_cast<size_t>(bytes));
  }
  const TransposePlan plan =
      plan_transpose(rank, dims.data(), perm.data(), bytes, nullptr, nullptr, isa);
  run_in_parts(run_transpose, plan, TransposeArgs{src.data(), dst.data()});
  ASSERT_EQ(dst, want) << "rank " << rank << " bytes " << bytes << " perm "
                       << ::testing::PrintToString(perm);
}

TEST(Transpose, EveryPermutationOfFourDimensions) {
  for (const IsaSet& isa : tiers())
    for (const int64_t bytes : {1, 2, 4, 8})
      for (const std::vector<int64_t>& dims :
           {std::vector<int64_t>{2, 3, 5, 7}, {1, 16, 1, 33}, {2, 17, 3, 2}, {3, 1, 70, 65}}) {
        std::vector<int> perm = {0, 1, 2, 3};
        do check(isa, dims, perm, bytes);
        while (std::next_permutation(perm.begin(), perm.end()));
      }
}

TEST(Transpose, LayoutsOfNetworks) {
  for (const IsaSet& isa : tiers()) {
    check(isa, {2, 3, 37, 41}, {0, 2, 3, 1}, 4);
    check(isa, {2, 37, 41, 3}, {0, 3, 1, 2}, 4);
    check(isa, {1, 130, 9, 9}, {0, 2, 3, 1}, 4);
    check(isa, {2, 19, 12, 64}, {0, 2, 1, 3}, 4);
    check(isa, {2, 19, 12, 64}, {0, 2, 3, 1}, 4);
    check(isa, {2, 3, 2, 3, 2, 3, 2, 3}, {7, 6, 5, 4, 3, 2, 1, 0}, 4);
    check(isa, {1}, {0}, 4);
    check(isa, {}, {}, 8);
    check(isa, {100003}, {0}, 2);
    check(isa, {4, 0, 3}, {2, 1, 0}, 4);
  }
}

TEST(Transpose, ReadsAViewAndWritesAView) {
  for (const IsaSet& isa : tiers()) {
    std::vector<float> src(20 * 50), dst(40 * 30, -1.0f);
    std::iota(src.begin(), src.end(), 0.0f);
    const int64_t dims[2] = {20, 33}, src_strides[2] = {50, 1}, dst_strides[2] = {30, 1};
    const int perm[2] = {1, 0};
    run_in_parts(run_transpose, plan_transpose(2, dims, perm, 4, src_strides, dst_strides, isa),
                 TransposeArgs{src.data(), dst.data()});
    for (int64_t c = 0; c < 33; ++c)
      for (int64_t r = 0; r < 30; ++r)
        ASSERT_EQ(dst[static_cast<size_t>(c * 30 + r)],
                  r < 20 ? src[static_cast<size_t>(r * 50 + c)] : -1.0f);
  }
}

}  // namespace
}  // namespace vireo::cpu
