// Every row of kernels_u8.inc against sums in i64: sizes around the tiles, runs that begin and end
// within a group and the epilogue.
#include <gtest/gtest.h>

#include "devices/cpu/kernels/dense_testing.h"
#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {

#define VIREO_GEMM(space, tier, type, mr, nr)        \
  namespace space {                                  \
  extern const GemmKernel gemm_##type##_##mr##x##nr; \
  }
#include "devices/cpu/kernels/gemm/kernels_u8.inc"
#undef VIREO_GEMM
#ifdef __x86_64__
namespace emulated_amx_int8 {
extern const GemmKernel gemm_u8_32x32;
}
#endif

namespace {

struct Row {
  Isa isa;
  const GemmKernel* kernel;
};
const Row kRows[] = {
#define VIREO_GEMM(space, tier, type, mr, nr) {Isa::tier, &space::gemm_##type##_##mr##x##nr},
#include "devices/cpu/kernels/gemm/kernels_u8.inc"
#undef VIREO_GEMM
#ifdef __x86_64__
    {Isa::Avx512Vnni, &emulated_amx_int8::gemm_u8_32x32},
#endif
};

// A of u8, B of i8 as floats, and per column what the epilogue takes; C in quanta around 100.
struct Problem {
  int64_t m, n, k;
  std::vector<uint8_t> a;
  std::vector<float> b, scale, bias, shift, out_scale;
  std::vector<int32_t> start;
  std::vector<uint8_t> residual;

  Problem(int64_t rows, int64_t columns, int64_t depth, const GemmKernel& kernel,
          std::mt19937& engine)
      : m(rows), n(columns), k(depth), a(size_t(m * k + 64)), b(size_t(k * n)) {
    const auto draw = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(engine);
    };
    for (auto& x : a) x = uint8_t(draw(0, 255));
    for (auto& x : b) x = float(draw(-128, 127));
    for (int64_t j = 0; j < round_up(n, kernel.columns); ++j) {
      scale.push_back(float(draw(1, 9)) / float(500 * (k + 1)));
      bias.push_back(float(draw(60, 160)));
      start.push_back(int32_t(draw(-1000, 1000)));
      shift.push_back(float(draw(-20, 20)));
      out_scale.push_back(float(draw(1, 9)) / 8);
    }
    residual.resize(size_t(m * n + 64));
    for (auto& x : residual) x = uint8_t(draw(0, 255));
  }
  int64_t sum(int64_t i, int64_t j) const {
    int64_t s = start[size_t(j)];
    for (int64_t x = 0; x < k; ++x)
      s += int64_t(a[size_t(i * k + x)]) * int64_t(b[size_t(x * n + j)]);
    return s;
  }
};

double finish(const Problem& p, const Epilogue& e, int64_t i, int64_t j, bool codes) {
  const size_t column = size_t(j);
  double v = double(p.scale[column]) * double(p.sum(i, j)) + p.bias[column];
  if (e.codes.between) {
    v = std::nearbyint(std::fmin(std::fmax(v, e.codes.between_low), e.codes.between_high));
    v = v * e.codes.between_scale + p.shift[column];
  }
  if (e.residual != Residual::None)
    v += double(e.codes.residual_scale) * p.residual[size_t(i * p.n + j)];
  v = testing::activate(e, v, 0);
  const bool more = e.activation != Activation::None && e.activation != Activation::Relu &&
                    e.activation != Activation::Clamp;
  if (codes && more) v = v * p.out_scale[column] + e.codes.out_shift;
  return v;
}

class GemmCodes : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!machine_isa().has(kRows[GetParam()].isa)) GTEST_SKIP() << "not offered by this machine";
  }
  const GemmKernel& kernel() const { return *kRows[GetParam()].kernel; }

  void check(int64_t m, int64_t n, int64_t k, const Epilogue& e = {}, int threads = 1) {
    Problem p(m, n, k, kernel(), engine_);
    std::vector<char> packed(gemm_packed_bytes(kernel(), n, k) + 64);
    pack_gemm_b(kernel(), p.b.data(), n, 1, n, k, packed.data());
    for (DataType type : {DataType::u8, DataType::f32}) {
      if (type == DataType::f32 && e.residual != Residual::None) continue;
      GemmDesc d;
      d.m = m, d.n = n, d.k = k, d.c_type = type, d.a_row = k, d.c_row = d.residual_row = n,
      d.epilogue = e;
      std::vector<float> c(size_t(m * n + 16), 7.0f);
      GemmArgs args;
      args.a = p.a.data(), args.b = packed.data(), args.c = c.data(), args.bias = p.bias.data();
      args.residual = p.residual.data(), args.scale = p.scale.data(), args.start = p.start.data();
      args.shift = p.shift.data(), args.out_scale = p.out_scale.data();
      const GemmPlan plan = plan_gemm(d, &kernel(), threads);
      testing::run_in_parts(plan, threads, [&](int64_t begin, int64_t end, void* scratch) {
        run_gemm(plan, args, begin, end, scratch);
      });
      compare(p, e, type, c);
    }
  }
  void compare(const Problem& p, const Epilogue& e, DataType type, const std::vector<float>& c) {
    const auto* codes = reinterpret_cast<const uint8_t*>(c.data());
    for (int64_t i = 0; i < p.m * p.n; ++i) {
      const double want = finish(p, e, i / p.n, i % p.n, type == DataType::u8);
      // What is rounded between may fall to either side of a half.
      const double side = e.codes.between ? e.codes.between_scale * 9 / 8 : 0;
      if (type == DataType::f32)
        ASSERT_NEAR(c[size_t(i)], want, side + 1e-4 * std::fmax(1, std::fabs(want)))
            << p.m << "x" << p.n << "x" << p.k << " at " << i;
      else
        ASSERT_NEAR(codes[i], std::fmin(std::fmax(want, 0), 255), side + 0.51)
            << p.m << "x" << p.n << "x" << p.k << " at " << i;
    }
  }
  std::mt19937 engine_{8};
};

INSTANTIATE_TEST_SUITE_P(Rows, GemmCodes, ::testing::Range(0, int(sizeof kRows / sizeof kRows[0])),
                         [](const auto& info) {
                           return std::string(kRows[info.param].kernel->name);
                         });

TEST_P(GemmCodes, SizesAroundTheTile) {
  const int64_t mr = kernel().rows, nr = kernel().columns, lanes = kernel().lanes;
  for (int64_t m : {int64_t{1}, int64_t{2}, int64_t{3}, mr, mr + 1, 3 * mr + 2})
    for (int64_t n :
         {int64_t{1}, lanes - 1, lanes, lanes + 1, nr - 1, nr, nr + 1, 2 * nr, 3 * nr + 3})
      for (int64_t k : {1, 2, 3, 4, 7, 33}) check(m, n, k);
}

TEST_P(GemmCodes, Epilogues) {
  for (Activation activation : testing::kActivations) {
    if (activation == Activation::PRelu) continue;
    for (Residual residual : {Residual::None, Residual::BeforeActivation})
      for (bool between : {false, true}) {
        Epilogue e = testing::make_epilogue(activation, Bias::PerColumn, residual);
        e.codes.between = between;
        e.codes.between_low = 20, e.codes.between_high = 200, e.codes.between_scale = 0.75f;
        e.codes.residual_scale = 0.5f, e.codes.out_shift = 3;
        check(5, 37, 9, e);
        check(9, 2, 12, e);
      }
  }
}

TEST_P(GemmCodes, PartitionAndLongK) {
  check(100, 200, 20, {}, 3);
  check(3, 200, 20, {}, 2);
  check(17, 70, 2600);
}

// One tile with runs as convolutions make them.
TEST_P(GemmCodes, RunsWithinGroups) {
  const int rows = std::min(kernel().rows, 20);
  Problem p(rows, 20, 230, kernel(), engine_);
  std::vector<char> packed(gemm_packed_bytes(kernel(), p.n, p.k) + 64);
  pack_gemm_b(kernel(), p.b.data(), p.n, 1, p.n, p.k, packed.data());
  const GemmRun runs[] = {{1, 1, 2}, {5, 5, 1}, {6, 6, 9}, {17, 17, 3}, {21, 21, 8}, {30, 30, 200}};
  Epilogue e;
  const int64_t columns = std::min<int64_t>(p.n, kernel().columns),
                vectors = divide_up(columns, kernel().lanes);
  std::vector<float> c(size_t(rows * p.n));
  GemmTile tile = {};
  tile.rows = rows, tile.a = p.a.data(), tile.a_stride = p.k, tile.runs = runs, tile.run_count = 6;
  tile.b = packed.data(), tile.b_stride = vectors * kernel().lanes, tile.c = c.data(),
  tile.c_stride = p.n;
  tile.c_type = DataType::f32, tile.n = columns, tile.finish = true, tile.epilogue = &e;
  const std::vector<float> one(size_t(round_up(p.n, kernel().columns)), 1), none(one.size(), 0);
  const std::vector<int32_t> zero(one.size(), 0);
  tile.args.scale = one.data(), tile.args.bias = none.data(), tile.args.start = zero.data();
  {
    const GemmThread thread(kernel());
    kernel().tile[vectors - 1][rows - 1](tile);
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      int64_t want = 0;
      for (const GemmRun& r : runs)
        for (int64_t k = 0; k < r.k; ++k)
          want +=
              int64_t(p.a[size_t(i * p.k + r.a + k)]) * int64_t(p.b[size_t((r.b + k) * p.n + j)]);
      ASSERT_EQ(c[size_t(i * p.n + j)], float(want)) << i << "," << j;
    }
}

}  // namespace
}  // namespace vireo::cpu
