// Rotary embedding against the formula in double.
#include "devices/cpu/kernels/rope/rope.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

// x [2, 3, 5, depth], cos [2, 1, 5, depth], sin [5, depth].
RopeParams params_of(int64_t depth, bool interleaved) {
  RopeParams p;
  const int64_t extents[] = {1, 2, 3, 5}, cos[] = {0, 5 * depth, 0, depth},
                sin[] = {0, 0, 0, depth};
  for (int i = 0; i < kRopeAxes; ++i)
    p.extents[i] = extents[i], p.cos_strides[i] = cos[i], p.sin_strides[i] = sin[i];
  p.depth = depth, p.interleaved = interleaved;
  return p;
}

std::vector<double> reference(const RopeParams& p, const std::vector<float>& x,
                              const std::vector<float>& cos, const std::vector<float>& sin) {
  std::vector<double> y(x.size());
  const int64_t depth = p.depth, half = depth / 2;
  for (int64_t row = 0; row < 30; ++row)
    for (int64_t i = 0; i < depth; ++i) {
      const int64_t partner = p.interleaved ? i ^ 1 : (i + half) % depth;
      const bool first = p.interleaved ? i % 2 == 0 : i < half;
      const auto at = [](int64_t index) { return static_cast<size_t>(index); };
      const double c = cos[at((row / 15 * 5 + row % 5) * depth + i)],
                   s = sin[at(row % 5 * depth + i)];
      const double across = x[at(row * depth + partner)];
      y[at(row * depth + i)] = x[at(row * depth + i)] * c + (first ? -across : across) * s;
    }
  return y;
}

TEST(Rope, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const bool interleaved : {false, true})
      for (const int64_t depth : {2, 6, 16, 18, 64, 66, 128}) {
        const RopeParams p = params_of(depth, interleaved);
        auto x = random_floats(30 * depth, -2, 2, 1);
        const auto cos = random_floats(10 * depth, -1, 1, 2),
                   sin = random_floats(5 * depth, -1, 1, 3);
        const auto want = reference(p, x, cos, sin);
        run_in_parts(run_rope, plan_rope(p, isa),
                     RopeArgs{x.data(), cos.data(), sin.data(), x.data()});
        expect_near(x, want, 1e-6, "rope");
      }
}

TEST(Rope, SplitsIntoTasks) {
  for (const IsaSet& isa : tiers()) {
    RopeParams p;
    p.extents[3] = 1000, p.depth = 64;
    const auto x = random_floats(64000, -2, 2, 1), sin = random_floats(64, -1, 1, 2);
    std::vector<float> y(64000);
    const RopePlan plan = plan_rope(p, isa);
    EXPECT_GT(plan.tasks, 4);
    run_in_parts(run_rope, plan, RopeArgs{x.data(), sin.data(), sin.data(), y.data()});
    EXPECT_NEAR(y[63999], (x[63999] + x[63967]) * sin[63], 1e-6);
    EXPECT_EQ(plan_rope(RopeParams{}, isa).tasks, 0);
  }
}

}  // namespace
}  // namespace vireo::cpu
