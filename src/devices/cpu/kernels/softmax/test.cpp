// Softmax against the formula in double.
#include "devices/cpu/kernels/softmax/softmax.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

std::vector<double> reference(const std::vector<float>& x, int64_t outer, int64_t axis,
                              int64_t inner, bool log) {
  std::vector<double> y(x.size());
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      auto at = [&](int64_t a) { return static_cast<size_t>((o * axis + a) * inner + i); };
      double m = -INFINITY, sum = 0;
      for (int64_t a = 0; a < axis; ++a) m = std::fmax(m, x[at(a)]);
      for (int64_t a = 0; a < axis; ++a) sum += std::exp(x[at(a)] - m);
      for (int64_t a = 0; a < axis; ++a) {
        const double shifted = x[at(a)] - m;
        y[at(a)] = log ? shifted - std::log(sum) : std::exp(shifted) / sum;
      }
    }
  return y;
}

TEST(Softmax, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const bool log : {false, true})
      for (const int64_t axis : {1, 3, 7, 8, 9, 15, 16, 17, 33, 1000})
        for (const int64_t inner : {1, 5, 16, 130}) {
          const int64_t outer = 3;
          auto x = random_floats(outer * axis * inner, -20, 20, 5);
          const SoftmaxPlan plan = plan_softmax(outer, axis, inner, log, isa);
          const auto want = reference(x, outer, axis, inner, log);
          run_in_parts(run_softmax, plan, SoftmaxArgs{x.data(), x.data()});  // in place
          expect_near(x, want, 2e-6, "softmax");
        }
}

TEST(Softmax, ExcludedElementsAreExactlyZero) {
  for (const IsaSet& isa : tiers()) {
    std::vector<float> x(19, -INFINITY), y(19);
    x[3] = 2, x[18] = 2;
    run_in_parts(run_softmax, plan_softmax(1, 19, 1, false, isa), SoftmaxArgs{x.data(), y.data()});
    for (size_t i = 0; i < 19; ++i) EXPECT_EQ(y[i], i == 3 || i == 18 ? 0.5f : 0.0f) << i;
  }
}

TEST(Softmax, NothingOfNothing) {
  for (const IsaSet& isa : tiers()) {
    EXPECT_EQ(plan_softmax(0, 5, 1, false, isa).tasks, 0);
    EXPECT_EQ(plan_softmax(5, 0, 1, false, isa).tasks, 0);
    EXPECT_EQ(plan_softmax(5, 4, 0, false, isa).tasks, 0);
  }
}

}  // namespace
}  // namespace vireo::cpu
