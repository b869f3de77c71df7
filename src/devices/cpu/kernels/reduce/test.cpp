// Reductions against plain loops in double.
#include "devices/cpu/kernels/reduce/reduce.h"

#include "devices/cpu/kernels/reduce/cum_sum.h"
#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

double start(ReduceOp op) {
  if (op == ReduceOp::max) return -INFINITY;
  if (op == ReduceOp::min) return INFINITY;
  return op == ReduceOp::prod ? 1 : 0;
}

double join(ReduceOp op, double a, double x) {
  switch (op) {
    case ReduceOp::max: return std::fmax(a, x);
    case ReduceOp::min: return std::fmin(a, x);
    case ReduceOp::prod: return a * x;
    case ReduceOp::l1: return a + std::fabs(x);
    case ReduceOp::l2:
    case ReduceOp::sum_square: return a + x * x;
    case ReduceOp::log_sum_exp: return a + std::exp(x);
    default: return a + x;
  }
}

double finish(ReduceOp op, double a, int64_t n) {
  switch (op) {
    case ReduceOp::mean: return a / static_cast<double>(n);
    case ReduceOp::l2: return std::sqrt(a);
    case ReduceOp::log_sum:
    case ReduceOp::log_sum_exp: return std::log(a);
    default: return a;
  }
}

TEST(Reduce, MatchesDouble) {
  for (const IsaSet& isa : tiers())
    for (int op = 0; op < kReduceOpCount; ++op)
      for (const int64_t axis : {1, 2, 7, 16, 33, 100, 9000})
        for (const int64_t inner : {1, 3, 16, 77}) {
          if (axis * inner > 100000) continue;
          const ReduceOp kind = static_cast<ReduceOp>(op);
          const bool positive = kind == ReduceOp::log_sum || kind == ReduceOp::prod;
          const int64_t outer = axis > 1000 ? 1 : 5;
          auto x =
              random_floats(outer * axis * inner, positive ? 0.99 : -2, positive ? 1.01 : 3, 9);
          std::vector<float> y(static_cast<size_t>(outer * inner));
          std::vector<double> want(y.size());
          for (int64_t o = 0; o < outer; ++o)
            for (int64_t i = 0; i < inner; ++i) {
              double value = start(kind);
              for (int64_t a = 0; a < axis; ++a)
                value = join(kind, value, x[static_cast<size_t>((o * axis + a) * inner + i)]);
              want[static_cast<size_t>(o * inner + i)] = finish(kind, value, axis);
            }
          run_in_parts(run_reduce, plan_reduce(kind, DataType::f32, outer, axis, inner, isa),
                       ReduceArgs{x.data(), y.data()});
          expect_near(y, want, kind == ReduceOp::prod ? 3e-4 : 4e-6, "reduce");
        }
}

TEST(Reduce, EmptyAxisGivesIdentityAndNanStays) {
  for (const IsaSet& isa : tiers()) {
    float y[2];
    run_in_parts(run_reduce, plan_reduce(ReduceOp::sum, DataType::f32, 2, 0, 1, isa),
                 ReduceArgs{y, y});
    EXPECT_EQ(y[0], 0.0f);
    run_in_parts(run_reduce, plan_reduce(ReduceOp::max, DataType::f32, 1, 0, 2, isa),
                 ReduceArgs{y, y});
    EXPECT_EQ(y[1], -INFINITY);
    for (const size_t place : {size_t{0}, size_t{20}, size_t{36}}) {
      std::vector<float> x(37, 1.0f);
      x[place] = NAN;
      for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum}) {
        run_in_parts(run_reduce, plan_reduce(op, DataType::f32, 1, 37, 1, isa),
                     ReduceArgs{x.data(), y});
        EXPECT_TRUE(std::isnan(y[0])) << place;
      }
    }
  }
}

TEST(Reduce, IntegersAndBooleans) {
  const IsaSet isa = parse_isa_cap("scalar");
  const int64_t x[6] = {5, -2, 7, 1, 4, -9};
  int64_t y[2];
  const int64_t expected[][2] = {{10, -4}, {3, -1}, {7, 4}, {-2, -9}, {-70, -36}, {14, 14}};
  for (int op = 0; op < 6; ++op) {
    run_in_parts(run_reduce, plan_reduce(static_cast<ReduceOp>(op), DataType::i64, 2, 3, 1, isa),
                 ReduceArgs{x, y});
    EXPECT_EQ(y[0], expected[op][0]) << op;
    EXPECT_EQ(y[1], expected[op][1]) << op;
  }
  const uint8_t flags[6] = {1, 0, 1, 1, 1, 1};
  uint8_t out[2];
  run_in_parts(run_reduce, plan_reduce(ReduceOp::min, DataType::boolean, 2, 3, 1, isa),
               ReduceArgs{flags, out});
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 1);
}

TEST(CumSum, MatchesTheDefinition) {
  for (const int64_t inner : {1, 3, 70})
    for (const bool exclusive : {false, true})
      for (const bool reverse : {false, true}) {
        const auto src = random_floats(2 * 9 * inner, -1, 1, 1);
        std::vector<float> dst(src.size());
        std::vector<double> want(src.size());
        for (int64_t o = 0; o < 2; ++o)
          for (int64_t i = 0; i < inner; ++i) {
            double sum = 0;
            for (int64_t n = 0; n < 9; ++n) {
              const size_t at = static_cast<size_t>((o * 9 + (reverse ? 8 - n : n)) * inner + i);
              want[at] = exclusive ? sum : sum + src[at];
              sum += src[at];
            }
          }
        run_in_parts(run_cum_sum, plan_cum_sum({2, 9, inner, exclusive, reverse, DataType::f32}),
                     CumSumArgs{src.data(), dst.data()});
        expect_near(dst, want, 1e-6, "cum_sum");
      }
}

TEST(CumSum, IntegersWrapInPlace) {
  std::vector<int32_t> x = {INT32_MAX, 1, -2};
  run_in_parts(run_cum_sum, plan_cum_sum({1, 3, 1, false, false, DataType::i32}),
               CumSumArgs{x.data(), x.data()});
  EXPECT_EQ(x, (std::vector<int32_t>{INT32_MAX, INT32_MIN, INT32_MAX - 1}));
}

}  // namespace
}  // namespace vireo::cpu
