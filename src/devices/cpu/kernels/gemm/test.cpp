// Every row of kernels.inc against a sum in double; sizes around the tiles, strides, batches,
// epilogues, equal bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "devices/cpu/kernels/dense_testing.h"
#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {

#define VIREO_GEMM(space, tier, type, mr, nr)        \
  namespace space {                                  \
  extern const GemmKernel gemm_##type##_##mr##x##nr; \
  }
#include "devices/cpu/kernels/gemm/kernels.inc"
#undef VIREO_GEMM
#ifdef __x86_64__
namespace emulated_amx_bf16 {
extern const GemmKernel gemm_bf16_32x32;
}
#endif

namespace {

using testing::Buffer;

struct Row {
  Isa isa;
  const GemmKernel* kernel;
};
const Row kRows[] = {
#define VIREO_GEMM(space, tier, type, mr, nr) {Isa::tier, &space::gemm_##type##_##mr##x##nr},
#include "devices/cpu/kernels/gemm/kernels.inc"
#undef VIREO_GEMM
#ifdef __x86_64__
    {Isa::Avx512Bf16, &emulated_amx_bf16::gemm_bf16_32x32},
#endif
};

// Sizes and layout of one check; strides are made tight plus `gap`.
struct Case {
  int64_t m, n, k;
  int64_t gap = 0;
  bool packed = true, transpose_a = false, transpose_b = false, in_place = false;
  int64_t batch = 1, heads = 1;
  Epilogue epilogue;
  int threads = 1;
  DataType c_type = DataType::f32;
};

struct Problem {
  GemmDesc d;
  Buffer a, b, c, bias, residual, slope;
};

std::unique_ptr<Problem> make_problem(const Case& s, std::mt19937& engine) {
  GemmDesc d;
  d.c_type = s.c_type;
  d.m = s.m, d.n = s.n, d.k = s.k, d.b_packed = s.packed, d.epilogue = s.epilogue;
  const int64_t ld = s.transpose_a ? s.m + s.gap : s.k + s.gap;
  d.a_row = s.transpose_a ? 1 : ld;
  d.a_column = s.transpose_a ? ld : 1;
  d.b_row = s.transpose_b ? 1 : s.n + s.gap;
  d.b_column = s.transpose_b ? s.k + s.gap : 1;
  d.c_row = d.residual_row = s.n + s.gap;
  const int64_t a_size = (s.transpose_a ? s.k : s.m) * ld,
                b_size = s.transpose_b ? s.n * d.b_column : s.k * d.b_row;
  const int64_t c_size = s.m * d.c_row, batches = s.batch * s.heads;
  d.batch_dims = 2;
  d.batch[0] = s.batch, d.batch[1] = s.heads;
  d.a_batch[0] = s.heads * a_size, d.a_batch[1] = a_size;
  d.b_batch[1] = s.packed ? 0 : b_size;  // shared by the outer batch
  d.c_batch[0] = d.residual_batch[0] = s.heads * c_size;
  d.c_batch[1] = d.residual_batch[1] = c_size;
  return std::unique_ptr<Problem>(new Problem{
      d, Buffer::random(a_size * batches, engine), Buffer::random(b_size * s.heads, engine),
      Buffer(c_size * batches, 7.0f), Buffer::random(std::max(s.m, s.n), engine),
      Buffer::random(c_size * batches, engine), Buffer::random(s.n, engine)});
}

// Operands are rounded to what the kernel reads, here and for the comparison.
void run(const GemmKernel& kernel, Problem& p, int threads, Buffer* c, bool in_place = false) {
  testing::round_to(kernel.a_type, &p.a);
  testing::round_to(kernel.b_type, &p.b);
  testing::round_to(p.d.c_type, &p.residual);
  Buffer packed(static_cast<int64_t>(gemm_packed_bytes(kernel, p.d.n, p.d.k) / 4));
  if (p.d.b_packed)
    pack_gemm_b(kernel, p.b.data(), p.d.b_row, p.d.b_column, p.d.n, p.d.k, packed.data());
  if (in_place) std::copy(p.residual.data(), p.residual.data() + c->size(), c->data());
  testing::Stored a(p.a, kernel.a_type), b(p.b, kernel.b_type), out(*c, p.d.c_type),
      residual(p.residual, p.d.c_type);
  GemmArgs args = {a.at(0),       p.d.b_packed ? packed.data() : b.at(0), out.at(0),
                   p.bias.data(), in_place ? out.at(0) : residual.at(0),  p.slope.data()};
  const GemmPlan plan = plan_gemm(p.d, &kernel, threads);
  testing::run_in_parts(plan, threads, [&](int64_t begin, int64_t end, void* scratch) {
    run_gemm(plan, args, begin, end, scratch);
  });
  ASSERT_TRUE(packed.guards_intact() && out.guards_intact());
  out.read(c);
}

void compare(const Case& s, const Problem& p, const Buffer& c) {
  const GemmDesc& d = p.d;
  for (int64_t batch = 0; batch < s.batch * s.heads; ++batch) {
    const int64_t a0 = batch * d.a_batch[1], b0 = batch % s.heads * d.b_batch[1],
                  c0 = batch * d.c_batch[1];
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < d.c_row; ++j) {
        if (j >= s.n) {
          ASSERT_TRUE(s.in_place || c[c0 + i * d.c_row + j] == 7.0f)
              << "column " << j << " is not ours";
          continue;
        }
        double sum = 0, size = 1;
        for (int64_t k = 0; k < s.k; ++k) {
          const double x = double(p.a[a0 + i * d.a_row + k * d.a_column]) *
                           p.b[b0 + k * d.b_row + j * d.b_column];
          sum += x;
          size += std::fabs(x);
        }
        const double want =
            testing::finish(s.epilogue, sum, p.bias[s.epilogue.bias == Bias::PerRow ? i : j],
                            p.residual[c0 + i * d.residual_row + j], p.slope[j]);
        ASSERT_NEAR(c[c0 + i * d.c_row + j], want,
                    4e-6 * size + testing::rounding_of(s.c_type) * std::fabs(want))
            << s.m << "x" << s.n << "x" << s.k << " at " << i << "," << j << " activation "
            << int(s.epilogue.activation);
      }
    }
  }
}

class Gemm : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!machine_isa().has(row().isa))
      GTEST_SKIP() << isa_name(row().isa) << " is not offered by this machine";
  }
  const Row& row() const { return kRows[GetParam()]; }
  // With every type of C that the kernel stores.
  void check(Case s) {
    check_stored(s);
    s.c_type = DataType::bf16;
    if (row().kernel->stores_bf16) check_stored(s);
  }
  void check_stored(const Case& s) {
    auto p = make_problem(s, engine_);
    Buffer c(p->c);
    run(*row().kernel, *p, s.threads, &c, s.in_place);
    compare(s, *p, c);
  }
  std::mt19937 engine_{20};
};

INSTANTIATE_TEST_SUITE_P(Rows, Gemm, ::testing::Range(0, int(sizeof kRows / sizeof kRows[0])),
                         [](const auto& info) {
                           return std::string(kRows[info.param].kernel->name);
                         });

TEST_P(Gemm, SizesAroundTheTile) {
  const int64_t mr = row().kernel->rows, nr = row().kernel->columns, lanes = row().kernel->lanes;
  for (int64_t m : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{3}, int64_t{4}, mr - 1, mr, mr + 1,
                    3 * mr + 2}) {
    for (int64_t n : {int64_t{0}, int64_t{1}, lanes - 1, lanes, lanes + 1, nr - 1, nr, nr + 1,
                      2 * nr, 4 * nr + 3, 7 * nr - 1}) {
      for (int64_t k : {0, 1, 2, 7, 33}) check({m, n, k, 3});
    }
  }
}

TEST_P(Gemm, LongKIsCutIntoBlocks) {
  for (int64_t k : {1023, 1281, 2049, 2600}) {
    check({17, 70, k});
    check({1, 70, k, 1});
    check({9, 200, k, 0, true, false, false, false, 1, 1,
           testing::make_epilogue(Activation::Relu, Bias::PerColumn, Residual::None)});
  }
}

TEST_P(Gemm, PlainB) {
  for (bool transpose_a : {false, true}) {
    for (bool transpose_b : {false, true}) {
      for (int64_t m : {1, 5, 70}) {
        for (int64_t n : {1, 31, 64, 77})
          check({m, n, 64, 5, false, transpose_a, transpose_b, false, 2, 3});
      }
      check({30, 40, 1500, 0, false, transpose_a, transpose_b});
    }
  }
}

TEST_P(Gemm, RowsAPageApart) {
  check({40, 300, 1024});
  check({40, 300, 2048, 0, true, false, false, true, 1, 1,
         testing::make_epilogue(Activation::None, Bias::None, Residual::BeforeActivation)});
  check({40, 1024, 40, 0, false});
}

TEST_P(Gemm, Epilogues) {
  for (Activation activation : testing::kActivations) {
    for (Residual residual :
         {Residual::None, Residual::BeforeActivation, Residual::AfterActivation}) {
      for (Bias bias : {Bias::None, Bias::PerColumn, Bias::PerRow}) {
        check({5, 37, 9, 2, true, false, false, false, 1, 1,
               testing::make_epilogue(activation, bias, residual, 0.5f)});
        check({9, 2, 9, 1, true, false, false, false, 1, 1,
               testing::make_epilogue(activation, bias, residual)});
      }
    }
  }
}

TEST_P(Gemm, ResidualInPlace) {
  for (int64_t k : {40, 1500, 2600}) {
    check({33, 50, k, 0, true, false, false, true, 1, 1,
           testing::make_epilogue(Activation::Relu, Bias::PerColumn, Residual::BeforeActivation)});
    check({33, 50, k, 0, true, false, false, true, 2, 1,
           testing::make_epilogue(Activation::Silu, Bias::PerColumn, Residual::AfterActivation)});
  }
}

TEST_P(Gemm, PartitionOverThreads) {
  for (int threads : {2, 3, 8}) {
    check({100, 200, 20, 0, true, false, false, false, 1, 1, {}, threads});
    check({3, 200, 20, 0, true, false, false, false, 1, 1, {}, threads});
    check({50, 60, 20, 0, false, false, true, false, 3, 2, {}, threads});
  }
}

// A row's bits depend neither on the rows beside it, nor on threads, nor on where B lies.
TEST_P(Gemm, RowsAreTheSameBitsInAnyCompany) {
  const Case s = {40,
                  150,
                  1500,
                  0,
                  true,
                  false,
                  false,
                  false,
                  1,
                  1,
                  testing::make_epilogue(Activation::GeluErf, Bias::PerColumn, Residual::None)};
  auto p = make_problem(s, engine_);
  Buffer whole(p->c);
  run(*row().kernel, *p, 1, &whole);
  Buffer parted(p->c);
  run(*row().kernel, *p, 3, &parted);
  p->d.b_packed = false;
  Buffer plain(p->c);
  run(*row().kernel, *p, 2, &plain);
  for (int64_t i = 0; i < whole.size(); ++i) {
    ASSERT_EQ(whole[i], parted[i]);
    ASSERT_EQ(whole[i], plain[i]);
  }
  p->d.b_packed = true;
  for (int64_t m : {1, 2, 3, 5}) {
    // Few rows go by vectors, whose sums of pairs round otherwise than those of tile registers.
    if (row().kernel->enter && m < 5) continue;
    p->d.m = m;
    Buffer part(m * p->d.c_row);
    run(*row().kernel, *p, 1, &part);
    for (int64_t i = 0; i < part.size(); ++i) ASSERT_EQ(whole[i], part[i]) << m << " rows";
  }
}

TEST_P(Gemm, NanAndInfinityPass) {
  const Epilogue relu = testing::make_epilogue(Activation::Relu, Bias::None, Residual::None);
  auto p = make_problem({1, 3, 1, 0, true, false, false, false, 1, 1, relu}, engine_);
  p->a[0] = 1.0f;
  p->b[0] = NAN, p->b[1] = INFINITY, p->b[2] = -INFINITY;
  Buffer c(p->c);
  run(*row().kernel, *p, 1, &c);
  EXPECT_TRUE(std::isnan(c[0]));
  EXPECT_EQ(c[1], INFINITY);
  EXPECT_EQ(c[2], 0.0f);
}

TEST(GemmTable, TheCapPicksTheRow) {
  KernelRefusal refused[kIsaCount];
  for (const Row& row : kRows) {
    if (std::string(row.kernel->name).find("emulated") != std::string::npos) continue;
    const GemmKernel* kernel =
        get_gemm(row.kernel->a_type, parse_isa_cap(isa_name(row.isa)), refused);
    EXPECT_EQ(kernel, row.kernel);
  }
  get_gemm(DataType::f32, parse_isa_cap("scalar"), refused);
  EXPECT_STREQ(refused[0].kernel, kRows[0].kernel->name);
}

}  // namespace
}  // namespace vireo::cpu
