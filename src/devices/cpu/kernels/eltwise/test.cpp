// Element-wise programs against plain double arithmetic, on every tier of the machine.
#include "devices/cpu/kernels/eltwise/eltwise.h"

#include "devices/cpu/kernels/eltwise/typed.h"
#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

using Reference = double (*)(const double* x, const float* p);
struct Case {
  EltwiseOp op;
  int operands;
  Reference reference;
  double low = -4, high = 4;
  double tolerance = 2e-6;  // relative to max(1, |reference|)
  float params[5] = {};
};

double round_half_away(double x) {
  return std::trunc(x) + (std::fabs(x - std::trunc(x)) >= 0.5 ? std::copysign(1, x) : 0);
}
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double six(double x) { return std::min(6.0, std::max(0.0, x)); }

#define R(expr) [](const double* v, const float* p) -> double { return expr; }
const Case kCases[] = {
    {EltwiseOp::copy, 1, R(v[0])},
    {EltwiseOp::add, 2, R(v[0] + v[1])},
    {EltwiseOp::sub, 2, R(v[0] - v[1])},
    {EltwiseOp::mul, 2, R(v[0] * v[1])},
    {EltwiseOp::div, 2, R(v[0] / v[1])},
    {EltwiseOp::min, 2, R(std::fmin(v[0], v[1]))},
    {EltwiseOp::max, 2, R(std::fmax(v[0], v[1]))},
    {EltwiseOp::pow, 2, R(std::pow(v[0], v[1])), 0.01, 8},
    {EltwiseOp::mod, 2, R(std::fmod(v[0], v[1]))},
    {EltwiseOp::floor_mod, 2, R(v[0] - v[1] * std::floor(v[0] / v[1]))},
    {EltwiseOp::squared_difference, 2, R((v[0] - v[1]) * (v[0] - v[1]))},
    {EltwiseOp::prelu, 2, R(v[0] < 0 ? v[0] * v[1] : v[0])},
    {EltwiseOp::atan2, 2, R(std::atan2(v[0], v[1]))},
    {EltwiseOp::fma, 3, R(v[0] * v[1] + v[2])},
    {EltwiseOp::add_relu, 2, R(std::fmax(0, v[0] + v[1]))},
    {EltwiseOp::mul_relu, 2, R(std::fmax(0, v[0] * v[1]))},
    {EltwiseOp::neg, 1, R(-v[0])},
    {EltwiseOp::abs, 1, R(std::fabs(v[0]))},
    {EltwiseOp::square, 1, R(v[0] * v[0])},
    {EltwiseOp::sqrt, 1, R(std::sqrt(v[0])), 0, 100},
    {EltwiseOp::rsqrt, 1, R(1 / std::sqrt(v[0])), 0.01, 100},
    {EltwiseOp::reciprocal, 1, R(1 / v[0])},
    {EltwiseOp::exp, 1, R(std::exp(v[0])), -90, 80},
    {EltwiseOp::expm1, 1, R(std::expm1(v[0])), -20, 80},
    {EltwiseOp::log, 1, R(std::log(v[0])), 1e-30, 1e5},
    {EltwiseOp::log1p, 1, R(std::log1p(v[0])), -0.9, 10},
    {EltwiseOp::sin, 1, R(std::sin(v[0])), -50, 50},
    {EltwiseOp::cos, 1, R(std::cos(v[0])), -20000, 20000},
    {EltwiseOp::tan, 1, R(std::tan(v[0])), -1.4, 1.4},
    {EltwiseOp::asin, 1, R(std::asin(v[0])), -1, 1},
    {EltwiseOp::acos, 1, R(std::acos(v[0])), -1, 1},
    {EltwiseOp::atan, 1, R(std::atan(v[0]))},
    {EltwiseOp::sinh, 1, R(std::sinh(v[0]))},
    {EltwiseOp::cosh, 1, R(std::cosh(v[0]))},
    {EltwiseOp::asinh, 1, R(std::asinh(v[0]))},
    {EltwiseOp::acosh, 1, R(std::acosh(v[0])), 1, 10},
    {EltwiseOp::atanh, 1, R(std::atanh(v[0])), -0.9, 0.9},
    {EltwiseOp::tanh, 1, R(std::tanh(v[0])), -12, 12},
    {EltwiseOp::erf, 1, R(std::erf(v[0]))},
    {EltwiseOp::floor, 1, R(std::floor(v[0]))},
    {EltwiseOp::ceil, 1, R(std::ceil(v[0]))},
    {EltwiseOp::trunc, 1, R(std::trunc(v[0]))},
    {EltwiseOp::round_even, 1, R(std::nearbyint(v[0]))},
    {EltwiseOp::round_away, 1, R(round_half_away(v[0]))},
    {EltwiseOp::sign, 1, R((v[0] > 0) - (v[0] < 0))},
    {EltwiseOp::relu, 1, R(std::fmax(0, v[0]))},
    {EltwiseOp::leaky_relu, 1, R(v[0] < 0 ? v[0] * p[0] : v[0]), -4, 4, 2e-6, {0.1f}},
    {EltwiseOp::clamp, 1, R(std::fmin(p[1], std::fmax(p[0], v[0]))), -4, 4, 2e-6, {-1.5f, 2.5f}},
    {EltwiseOp::elu, 1, R(v[0] < 0 ? p[0] * std::expm1(v[0]) : v[0]), -20, 4, 2e-6, {0.7f}},
    {EltwiseOp::selu,
     1,
     R(p[1] * (v[0] < 0 ? p[0] * std::expm1(v[0]) : v[0])),
     -9,
     9,
     2e-6,
     {1.67f, 1.05f}},
    {EltwiseOp::sigmoid, 1, R(sigmoid(v[0])), -100, 100},
    {EltwiseOp::log_sigmoid, 1, R(-std::log1p(std::exp(-v[0]))), -50, 50},
    {EltwiseOp::swish, 1, R(v[0] * sigmoid(v[0] * p[0])), -20, 20, 2e-6, {1.5f}},
    {EltwiseOp::hswish, 1, R(v[0] * six(v[0] + 3) / 6)},
    {EltwiseOp::hsigmoid, 1, R(six(v[0] + 3) / 6)},
    {EltwiseOp::hard_sigmoid,
     1,
     R(std::fmin(1, std::fmax(0, v[0] * p[0] + p[1]))),
     -4,
     4,
     2e-6,
     {0.2f, 0.5f}},
    {EltwiseOp::mish, 1, R(v[0] * std::tanh(std::log1p(std::exp(v[0])))), -30, 30},
    {EltwiseOp::softplus, 1, R(std::log1p(std::exp(v[0]))), -50, 50},
    {EltwiseOp::softsign, 1, R(v[0] / (1 + std::fabs(v[0])))},
    {EltwiseOp::gelu_erf, 1, R(0.5 * v[0] * (1 + std::erf(v[0] / std::sqrt(2.0)))), -10, 10},
    {EltwiseOp::gelu_tanh, 1,
     R(0.5 * v[0] * (1 + std::tanh(0.7978845608028654 * (v[0] + 0.044715 * v[0] * v[0] * v[0]))))},
    {EltwiseOp::equal, 2, R(v[0] == v[1])},
    {EltwiseOp::not_equal, 2, R(v[0] != v[1])},
    {EltwiseOp::less, 2, R(v[0] < v[1])},
    {EltwiseOp::less_equal, 2, R(v[0] <= v[1])},
    {EltwiseOp::greater, 2, R(v[0] > v[1])},
    {EltwiseOp::greater_equal, 2, R(v[0] >= v[1])},
    {EltwiseOp::logical_and, 2, R(v[0] != 0 && v[1] != 0)},
    {EltwiseOp::logical_or, 2, R(v[0] != 0 || v[1] != 0)},
    {EltwiseOp::logical_xor, 2, R((v[0] != 0) != (v[1] != 0))},
    {EltwiseOp::logical_not, 1, R(v[0] == 0)},
    {EltwiseOp::is_nan, 1, R(std::isnan(v[0]))},
    {EltwiseOp::is_inf, 1, R(std::isinf(v[0]))},
    {EltwiseOp::is_finite, 1, R(std::isfinite(v[0]))},
    {EltwiseOp::select, 3, R(v[0] != 0 ? v[1] : v[2])},
    {EltwiseOp::dequantise, 3, R((v[0] - v[2]) * v[1])},
    {EltwiseOp::quantise,
     3,
     R(std::fmin(std::fmax(std::nearbyint(std::fma(v[0], v[1], v[2])), p[3]), p[4])),
     -4,
     4,
     2e-6,
     {0, 0, 0, -3, 3}},
    {EltwiseOp::quantise_by,
     3,
     R(std::fmin(std::fmax(std::nearbyint(v[0] / v[1] + v[2]), p[3]), p[4])),
     1,
     5,
     2e-6,
     {0, 0, 0, 3, 7}},
};
#undef R

EltwiseProgram single(const Case& c, int64_t n) {
  EltwiseProgram program;
  program.rank = 1;
  program.dims[0] = n;
  program.inputs = c.operands;
  for (int k = 0; k < c.operands; ++k) {
    program.input[k].strides[0] = 1;
    program.step[0].src[k] = static_cast<int16_t>(k);
  }
  program.step[0].op = c.op;
  std::memcpy(program.step[0].imm, c.params, sizeof c.params);
  program.steps = 1;
  program.outputs = 1;
  program.output[0].value = static_cast<int16_t>(c.operands);
  program.output[0].strides[0] = 1;
  return program;
}

void run_whole(const EltwisePlan& plan, const EltwiseArgs& args) {
  run_in_parts(run_eltwise, plan, args);
}

TEST(Eltwise, EveryOpMatchesDouble) {
  for (const IsaSet& isa : tiers())
    for (const Case& c : kCases)
      for (const int64_t n : {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 5001}) {
        EltwisePlan plan;
        ASSERT_TRUE(plan_eltwise(single(c, n), isa, &plan));
        std::vector<float> in[3], out(static_cast<size_t>(n) + 1, 77.0f);
        EltwiseArgs args = {};
        for (int k = 0; k < c.operands; ++k) {
          in[k] = random_floats(n, c.low, c.high, 7u + static_cast<unsigned>(k));
          if (c.operands > 1 && k < 2)
            for (size_t i = 0; i < in[k].size(); i += 5)
              in[k][i] = std::floor(in[k][i]) + (c.low > 0 ? 1.0f : 0.0f);
          args.src[k] = in[k].data();
        }
        args.dst[0] = out.data();
        run_whole(plan, args);
        for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
          double v[3];
          for (int k = 0; k < c.operands; ++k) v[k] = in[k][i];
          const double want = c.reference(v, c.params);
          if (std::isnan(want) || std::isinf(want)) continue;
          ASSERT_NEAR(out[i], want, c.tolerance * std::max(1.0, std::fabs(want)))
              << name_of(c.op) << " at " << i << " of " << n << ": " << v[0] << ", " << v[1]
              << " isa " << isa.bits();
        }
        ASSERT_EQ(out.back(), 77.0f) << name_of(c.op) << " wrote past the end of " << n;
      }
}

TEST(Eltwise, NanStaysNan) {
  for (const IsaSet& isa : tiers())
    for (const Case& c : kCases) {
      if (c.op >= EltwiseOp::equal) continue;
      EltwisePlan plan;
      ASSERT_TRUE(plan_eltwise(single(c, 3), isa, &plan));
      const float nan[3] = {NAN, NAN, NAN}, one[3] = {1, 1, 1};
      float out[3] = {};
      run_whole(plan, {{nan, one, one}, {out}});
      EXPECT_TRUE(std::isnan(out[1])) << name_of(c.op) << " isa " << isa.bits();
    }
}

TEST(Eltwise, InfinitiesAndOverflow) {
  const float in[8] = {INFINITY, -INFINITY, 100.0f, -200.0f, 0.0f, -0.0f, 1e-40f, 3e38f};
  struct Row {
    EltwiseOp op;
    float want[8];
  };
  const float inf = INFINITY;
  const Row rows[] = {
      {EltwiseOp::exp, {inf, 0, inf, 0, 1, 1, 1, inf}},
      {EltwiseOp::tanh, {1, -1, 1, -1, 0, 0, 1e-40f, 1}},
      {EltwiseOp::sigmoid, {1, 0, 1, 0, 0.5f, 0.5f, 0.5f, 1}},
      {EltwiseOp::erf, {1, -1, 1, -1, 0, 0, 1.12838e-40f, 1}},
      {EltwiseOp::softplus, {inf, 0, 100, 0, 0.6931472f, 0.6931472f, 0.6931472f, 3e38f}},
      {EltwiseOp::round_even, {inf, -inf, 100, -200, 0, 0, 0, 3e38f}},
      {EltwiseOp::expm1, {inf, -1, inf, -1, 0, 0, 1e-40f, inf}},
  };
  for (const IsaSet& isa : tiers())
    for (const Row& row : rows) {
      EltwisePlan plan;
      Case c = {row.op, 1, nullptr};
      ASSERT_TRUE(plan_eltwise(single(c, 8), isa, &plan));
      float out[8];
      run_whole(plan, {{in}, {out}});
      for (int i = 0; i < 8; ++i)
        EXPECT_FLOAT_EQ(out[i], row.want[i]) << name_of(row.op) << " of " << in[i];
    }
}

TEST(Eltwise, ActivationsGrowWithTheirArgument) {
  const float in[2] = {INFINITY, 3e38f};
  for (const IsaSet& isa : tiers())
    for (const EltwiseOp op :
         {EltwiseOp::relu, EltwiseOp::gelu_erf, EltwiseOp::gelu_tanh, EltwiseOp::mish,
          EltwiseOp::softplus, EltwiseOp::elu, EltwiseOp::hswish}) {
      EltwisePlan plan;
      ASSERT_TRUE(plan_eltwise(single({op, 1, nullptr}, 2), isa, &plan));
      float out[2];
      run_whole(plan, {{in}, {out}});
      EXPECT_EQ(out[0], INFINITY) << name_of(op);
      EXPECT_GE(out[1], 2.9e38f) << name_of(op);
    }
}

// relu((a + b) * scale[c] + row[r]) * 0.5 with every class of broadcast, in place over a.
TEST(Eltwise, BroadcastClassesAndInPlace) {
  for (const IsaSet& isa : tiers())
    for (const int64_t cols : {1, 3, 16, 63, 64, 700, 2100})
      for (const int64_t rows : {1, 2, 37}) {
        EltwiseProgram p;
        p.rank = 3;
        p.dims[0] = 3, p.dims[1] = rows, p.dims[2] = cols;
        auto dense = [&](int64_t* s) { s[0] = rows * cols, s[1] = cols, s[2] = 1; };
        p.inputs = 5;
        dense(p.input[0].strides);
        p.input[1].strides[0] = cols * rows, p.input[1].strides[1] = 1,
        p.input[1].strides[2] = rows;  // transposed
        p.input[2].strides[2] = 1;
        p.input[3].strides[0] = rows, p.input[3].strides[1] = 1;
        p.steps = 5;
        p.step[0] = {EltwiseOp::add, {0, 1}};
        p.step[1] = {EltwiseOp::mul, {5, 2}};
        p.step[2] = {EltwiseOp::add, {3, 6}};
        p.step[3] = {EltwiseOp::relu, {7}};
        p.step[4] = {EltwiseOp::fma, {8, -1, 4}, {0.5f}};
        p.outputs = 2;
        p.output[0].value = 9;
        dense(p.output[0].strides);
        p.output[1].value = 7;
        p.output[1].type = DataType::f16;
        dense(p.output[1].strides);
        EltwisePlan plan;
        ASSERT_TRUE(plan_eltwise(p, isa, &plan));
        const int64_t n = 3 * rows * cols;
        auto a = random_floats(n, -2, 2, 1), b = random_floats(n, -2, 2, 2),
             scale = random_floats(cols, -2, 2, 3), row = random_floats(3 * rows, -2, 2, 4),
             want = a;
        const float last = 0.25f;
        for (int64_t o = 0; o < 3; ++o)
          for (int64_t r = 0; r < rows; ++r)
            for (int64_t c = 0; c < cols; ++c) {
              float& x = want[static_cast<size_t>((o * rows + r) * cols + c)];
              x = (x + b[static_cast<size_t>(o * rows * cols + r + c * rows)]) *
                      scale[static_cast<size_t>(c)] +
                  row[static_cast<size_t>(o * rows + r)];
              x = std::fmax(0.0f, x) * 0.5f + last;
            }
        std::vector<uint16_t> half(static_cast<size_t>(n));
        run_whole(plan,
                  {{a.data(), b.data(), scale.data(), row.data(), &last}, {a.data(), half.data()}});
        for (size_t i = 0; i < a.size(); ++i)
          ASSERT_NEAR(a[i], want[i], 4e-6) << rows << "x" << cols << " at " << i;
      }
}

TEST(Eltwise, ConvertsOnLoadAndStore) {
  const float in[9] = {-1000, -1.5f, -0.25f, 0, 0.5f, 1.75f, 127.6f, 300, NAN};
  const int8_t want_i8[9] = {-128, -1, 0, 0, 0, 1, 127, 127, 0};
  const uint8_t want_u8[9] = {0, 0, 0, 0, 0, 1, 127, 255, 0};
  const int64_t want_i64[9] = {-1000, -1, 0, 0, 0, 1, 127, 300, 0};
  for (const IsaSet& isa : tiers()) {
    EltwiseProgram p;
    p.rank = 1;
    p.dims[0] = 9;
    p.inputs = 1;
    p.input[0].strides[0] = 1;
    p.outputs = 4;
    const DataType types[4] = {DataType::i8, DataType::u8, DataType::i64, DataType::boolean};
    for (int i = 0; i < 4; ++i) p.output[i].type = types[i], p.output[i].strides[0] = 1;
    EltwisePlan plan;
    ASSERT_TRUE(plan_eltwise(p, isa, &plan));
    int8_t a[9];
    uint8_t b[9], d[9];
    int64_t c[9];
    run_whole(plan, {{in}, {a, b, c, d}});
    for (int i = 0; i < 9; ++i) {
      EXPECT_EQ(a[i], want_i8[i]) << i;
      EXPECT_EQ(b[i], want_u8[i]) << i;
      EXPECT_EQ(c[i], want_i64[i]) << i;
      EXPECT_EQ(d[i], in[i] != 0) << i;
    }
  }
}

TEST(Eltwise, FakeQuantizePerChannelMatchesTheFormula) {
  for (const IsaSet& isa : tiers()) {
    EltwiseProgram p;
    p.rank = 2;
    p.dims[0] = 50, p.dims[1] = 21;
    p.inputs = 5;
    p.input[0].strides[0] = 21;
    for (int k = 0; k < 5; ++k) p.input[k].strides[1] = 1;
    p.steps = 1;
    p.step[0] = {EltwiseOp::fake_quantize, {0, 1, 2, 3, 4}, {0, 0, 0, 0, 255}};
    p.outputs = 1;
    p.output[0].value = 5;
    p.output[0].strides[0] = 21, p.output[0].strides[1] = 1;
    EltwisePlan plan;
    ASSERT_TRUE(plan_eltwise(p, isa, &plan));
    auto x = random_floats(1050, -4, 4, 1), il = random_floats(21, -3, -1, 2),
         ih = random_floats(21, 1, 3, 3);
    std::vector<float> out(1050);
    run_whole(plan, {{x.data(), il.data(), ih.data(), il.data(), ih.data()}, {out.data()}});
    for (size_t i = 0; i < 1050; ++i) {
      const float low = il[i % 21], high = ih[i % 21];
      float want =
          x[i] <= low ? low
          : x[i] > high
              ? high
              : std::nearbyint((x[i] - low) / (high - low) * 255) / 255 * (high - low) + low;
      ASSERT_NEAR(out[i], want, 1e-6) << i;
    }
  }
}

int64_t typed(TypedOp op, DataType type, int64_t x, int64_t y, int64_t c = 0) {
  const int64_t dims[1] = {1};
  const TypedOperand source = {DataType::i64, {1}};
  const TypedOperand sources[3] = {source, source, source};
  int64_t out[1] = {};
  const TypedPlan plan = plan_typed(op, 1, dims, sources, {type, {1}});
  run_typed(plan, {{&x, &y, &c}, out}, 0, plan.tasks, nullptr);
  int32_t narrow;
  std::memcpy(&narrow, out, sizeof narrow);
  return type == DataType::i64 ? out[0] : type == DataType::i32 ? narrow : narrow & 0xff;
}

TEST(Typed, WrapsAndDivides) {
  EXPECT_EQ(typed(TypedOp::add, DataType::i64, INT64_MAX, 1), INT64_MIN);
  EXPECT_EQ(typed(TypedOp::mul, DataType::i32, 1 << 20, 1 << 12), 0);
  EXPECT_EQ(typed(TypedOp::div, DataType::i64, -7, 2), -3);
  EXPECT_EQ(typed(TypedOp::floor_div, DataType::i64, -7, 2), -4);
  EXPECT_EQ(typed(TypedOp::mod, DataType::i64, -7, 3), -1);
  EXPECT_EQ(typed(TypedOp::floor_mod, DataType::i64, -7, 3), 2);
  EXPECT_EQ(typed(TypedOp::div, DataType::i64, INT64_MIN, -1), INT64_MIN);
  EXPECT_EQ(typed(TypedOp::mod, DataType::i64, INT64_MIN, -1), 0);
  EXPECT_EQ(typed(TypedOp::pow, DataType::i64, -3, 3), -27);
  EXPECT_EQ(typed(TypedOp::convert, DataType::boolean, 256, 0), 1);
  EXPECT_EQ(typed(TypedOp::convert, DataType::u8, 257, 0), 1);
  EXPECT_EQ(typed(TypedOp::select, DataType::i64, 0, 5, 6), 6);
  EXPECT_EQ(typed(TypedOp::less, DataType::boolean, 2, 3), 1);
}

TEST(Typed, DivisionByZeroIsReported) {
  const int64_t dims[1] = {3}, x[3] = {1, 2, 3}, y[3] = {1, 0, 3};
  const TypedOperand source[2] = {{DataType::i64, {1}}, {DataType::i64, {1}}};
  int64_t out[3];
  const TypedPlan plan = plan_typed(TypedOp::div, 1, dims, source, {DataType::i64, {1}});
  EXPECT_FALSE(run_typed(plan, {{x, y}, out}, 0, plan.tasks, nullptr));
  EXPECT_EQ(out[1], 0);
}

TEST(Typed, BroadcastsOverRows) {
  for (const int64_t cols : {1, 7, 300, 8192}) {
    const int64_t dims[2] = {3, cols};
    std::vector<int32_t> x(static_cast<size_t>(3 * cols));
    std::vector<int64_t> y(3), out(x.size());
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int32_t>(i);
    for (size_t i = 0; i < 3; ++i) y[i] = static_cast<int64_t>(i) * 10;
    const TypedOperand source[2] = {{DataType::i32, {cols, 1}}, {DataType::i64, {1, 0}}};
    const TypedPlan plan = plan_typed(TypedOp::sub, 2, dims, source, {DataType::i64, {cols, 1}});
    EXPECT_TRUE(run_typed(plan, {{x.data(), y.data()}, out.data()}, 0, plan.tasks, nullptr));
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(out[i], x[i] - y[i / static_cast<size_t>(cols)]);
  }
}

}  // namespace
}  // namespace vireo::cpu
