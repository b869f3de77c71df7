// Compressed products against sums in double over the weights that the codes stand for.
#include "devices/cpu/kernels/compressed/compressed.h"

#include "base/support/half.h"
#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

std::vector<IsaSet> compressed_tiers() {
  std::vector<IsaSet> sets = tiers();
  if (machine_isa().has(Isa::Avx512Vnni)) sets.push_back(parse_isa_cap("avx512_vnni"));
  if (machine_isa().has(Isa::Avx512Bf16)) sets.push_back(parse_isa_cap("avx512_bf16"));
  return sets;
}

// Weights of one coding: how they are packed, and what they stand for.
struct Weights {
  CompressedFormat format;
  CompressedLayout layout;
  std::vector<uint8_t> packed;
  std::vector<double> values;  // [n][k]
};

struct Case {
  Coding coding;
  WeightZero zero = WeightZero::Constant;
  DataType scale = DataType::f16;
  int64_t group = 0;
  bool is_signed = false, transposed = false;
};

int bits_of(Coding coding) {
  const CodingForm& form = kCodingForms[static_cast<int>(coding)];
  return form.low + form.high;
}

constexpr float kTable[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                              1,    13,   25,  38,  53,  69,  89,  113};

Weights make_float_weights(Coding coding, int64_t n, int64_t k) {
  Weights w;
  w.format.coding = coding;
  w.layout = layout_of(w.format, n, k);
  w.packed.resize(packed_bytes(w.layout));
  std::vector<uint16_t> halves;
  for (float x : random_floats(n * k, -1, 1, 7)) {
    halves.push_back(coding == Coding::Bf16 ? bf16_from_f32(x) : f16_from_f32(x));
    w.values.push_back(coding == Coding::Bf16 ? f32_from_bf16(halves.back())
                                              : f32_from_f16(halves.back()));
  }
  CompressedSource source;
  source.codes = reinterpret_cast<const uint8_t*>(halves.data());
  source.bits = 16;
  source.row = k;
  pack_compressed(w.format, w.layout, source, w.packed.data(), 0, w.layout.panels);
  return w;
}

CompressedFormat format_of(const Case& c) {
  CompressedFormat f;
  f.coding = c.coding;
  f.zero_kind = c.zero;
  f.scale_type = c.scale;
  f.group = c.group;
  if (c.coding == Coding::Table4)
    std::copy(kTable, kTable + 16, f.table);
  else if (c.zero == WeightZero::Constant)
    f.zero = c.is_signed ? 1 << (bits_of(c.coding) - 1) : 5;
  return f;
}

Weights make_weights(const Case& c, int64_t n, int64_t k) {
  if (c.coding == Coding::Bf16 || c.coding == Coding::F16)
    return make_float_weights(c.coding, n, k);
  std::mt19937 engine(5);
  const int bits = bits_of(c.coding), half = 1 << (bits - 1);
  const bool nibbles = bits == 4;
  Weights w;
  const CompressedFormat& f = w.format = format_of(c);
  w.layout = layout_of(f, n, k);
  const int64_t groups = w.layout.groups, per_group = c.group ? c.group : k;
  std::vector<int> codes(static_cast<size_t>(n * k)), zeros(static_cast<size_t>(n * groups));
  for (int& q : codes) q = static_cast<int>(engine() % static_cast<unsigned>(2 * half));
  for (int& z : zeros) z = static_cast<int>(engine() % static_cast<unsigned>(2 * half));
  std::vector<float> scales = random_floats(n * groups, 0.01, 0.1, 3);
  std::vector<uint16_t> half_scales;
  for (float& s : scales) {
    half_scales.push_back(f16_from_f32(s));
    if (c.scale == DataType::f16) s = f32_from_f16(half_scales.back());
  }
  // As a model has them: signed codes are 2^(bits - 1) lower, in two's complement.
  std::vector<uint8_t> bytes(codes.size() + 1), zero_bytes(zeros.size());
  const int flip = c.is_signed ? half : 0;
  for (int64_t row = 0; row < n; ++row)
    for (int64_t i = 0; i < k; ++i) {
      const int q = codes[static_cast<size_t>(row * k + i)];
      const auto at = static_cast<size_t>(c.transposed ? i * n + row : row * k + i);
      const auto code = static_cast<uint8_t>(q ^ flip);
      if (nibbles)
        bytes[at / 2] = static_cast<uint8_t>(bytes[at / 2] | code << 4 * (at % 2));
      else
        bytes[at] = code;
      const auto g = static_cast<size_t>(row * groups + i / per_group);
      const double zero = c.zero == WeightZero::Constant ? f.zero : zeros[g];
      double offset = zero * static_cast<double>(scales[g]);
      if (c.zero == WeightZero::Minimum && c.scale == DataType::f16)
        offset = f32_from_f16(f16_from_f32(static_cast<float>(offset)));
      w.values.push_back(c.coding == Coding::Table4 ? kTable[q] * static_cast<double>(scales[g])
                                                    : q * static_cast<double>(scales[g]) - offset);
    }
  for (size_t i = 0; i < zeros.size(); ++i) zero_bytes[i] = static_cast<uint8_t>(zeros[i] - flip);
  CompressedSource s;
  s.codes = bytes.data();
  s.bits = nibbles ? 4 : 8;
  s.is_signed = c.is_signed;
  s.row = c.transposed ? 1 : k;
  s.column = c.transposed ? n : 1;
  s.scale = c.scale == DataType::f16 ? static_cast<const void*>(half_scales.data()) : scales.data();
  s.scale_type = c.scale;
  s.scale_row = s.zero_row = groups;
  s.scale_group = s.zero_group = 1;
  s.zero = zero_bytes.data();
  s.zero_type = c.is_signed ? DataType::i8 : DataType::u8;
  w.packed.resize(packed_bytes(w.layout) + 64);
  pack_compressed(f, w.layout, s, w.packed.data(), 0, w.layout.panels);
  return w;
}

// As rows of activations are quantised.
std::vector<float> quantised_rows(const std::vector<float>& a, int64_t k, int64_t group) {
  std::vector<float> q = a;
  for (size_t row = 0; row < a.size(); row += static_cast<size_t>(k))
    for (int64_t i = 0; i < k; i += group) {
      const auto begin = row + static_cast<size_t>(i),
                 end = row + static_cast<size_t>(std::min(k, i + group));
      float largest = 0;
      for (size_t j = begin; j < end; ++j) largest = std::max(largest, std::fabs(a[j]));
      for (size_t j = begin; j < end; ++j)
        q[j] = std::nearbyint(a[j] * (127.0f / largest)) * (largest / 127.0f);
    }
  return q;
}

struct Size {
  int64_t m, n, k;
};

void check(const Case& c, const Size& size, int64_t quantised_group, DataType many,
           const char* what) {
  const auto [m, n, k] = size;
  const Weights w = make_weights(c, n, k);
  const auto a = random_floats(m * k, -2, 2, 1), bias = random_floats(n, -1, 1, 2),
             residual = random_floats(m * n, -1, 1, 4);
  for (const IsaSet& isa : compressed_tiers()) {
    CompressedDesc d;
    d.m = m, d.n = n, d.k = k, d.a_row = k, d.c_row = d.residual_row = n;
    d.format = w.format;
    d.quantised_group = quantised_group;
    d.many_type = many;
    d.epilogue.bias = Bias::PerColumn;
    d.epilogue.residual = Residual::BeforeActivation;
    d.epilogue.activation = Activation::LeakyRelu;
    d.epilogue.alpha = 0.5f;
    const CompressedPlan plan = plan_compressed(d, isa);
    const std::vector<float> rows = plan.quantised ? quantised_rows(a, k, quantised_group) : a;
    std::vector<float> got(static_cast<size_t>(m * n), NAN);
    std::vector<uint8_t> prepared(plan.prepared_bytes);
    if (!prepared.empty()) prepare_compressed(plan, a.data(), prepared.data(), 0, m);
    run_in_parts(run_compressed, plan,
                 CompressedArgs{a.data(), w.packed.data(), got.data(), bias.data(), residual.data(),
                                prepared.empty() ? nullptr : prepared.data()});
    const double tolerance = plan.many && many == DataType::bf16 ? 6e-3 : 2e-6;
    for (int64_t i = 0; i < m * n; ++i) {
      const int64_t row = i / n, column = i % n;
      double sum = bias[static_cast<size_t>(column)] + residual[static_cast<size_t>(i)],
             size_of_sum = 1;
      for (int64_t j = 0; j < k; ++j) {
        const double product =
            rows[static_cast<size_t>(row * k + j)] * w.values[static_cast<size_t>(column * k + j)];
        sum += product;
        size_of_sum += std::fabs(product);
      }
      if (sum < 0) sum *= 0.5;
      ASSERT_NEAR(got[static_cast<size_t>(i)], sum, tolerance * size_of_sum)
          << what << ": coding " << int(c.coding) << ", " << m << " x " << n << " x " << k << " at "
          << row << ", " << column << ", " << plan.kernel->name;
    }
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (Coding coding : {Coding::Bits4, Coding::Bits8, Coding::Bits5}) {
    for (WeightZero zero : {WeightZero::Constant, WeightZero::Codes, WeightZero::Minimum}) {
      all.push_back({coding, zero, DataType::f16, 32});
      all.push_back({coding, zero, DataType::f32, 0, coding != Coding::Bits5});
    }
  }
  for (Coding coding : {Coding::Bits6, Coding::Bits2, Coding::Bits3}) {
    all.push_back({coding, WeightZero::Constant, DataType::f32, 16});
    all.push_back({coding, WeightZero::Minimum, DataType::f16, 16});
    all.push_back({coding, WeightZero::Minimum, DataType::f16, 64});
  }
  all.push_back({Coding::Bits4, WeightZero::Codes, DataType::f16, 64, false, true});
  all.push_back({Coding::Table4, WeightZero::Constant, DataType::f16, 64});
  all.push_back({Coding::Bf16});
  all.push_back({Coding::F16});
  return all;
}

TEST(Compressed, FewRowsInF32) {
  for (const Case& c : cases())
    for (const Size& size : {Size{1, 70, 192}, Size{6, 33, 64}})
      check(c, size, 0, DataType::f32, "f32");
}

TEST(Compressed, FewRowsQuantised) {
  for (const Case& c : cases())
    for (const Size& size : {Size{1, 100, 192}, Size{5, 64, 128}, Size{8, 80, 96}})
      check(c, size, 32, DataType::f32, "quantised");
  check({Coding::Bits4, WeightZero::Codes, DataType::f16, 64}, {2, 64, 256}, 128, DataType::f32,
        "quantised by 128");
}

TEST(Compressed, ManyRows) {
  for (const Case& c : cases()) check(c, {11, 100, 192}, 32, DataType::f32, "many");
  check({Coding::Bits4, WeightZero::Constant, DataType::f16, 128}, {9, 130, 1024}, 32,
        DataType::f32, "rows of 4 KiB");
  for (Coding coding : {Coding::Bits4, Coding::Bits8, Coding::Bf16})
    check({coding, WeightZero::Constant, DataType::f16, 64}, {17, 100, 192}, 32, DataType::bf16,
          "many in bf16");
}

TEST(Compressed, RowsEndWithinAUnit) {
  check({Coding::Bits4, WeightZero::Codes, DataType::f16, 0}, {2, 20, 50}, 0, DataType::f32, "f32");
  check({Coding::Bits4, WeightZero::Codes, DataType::f16, 0}, {2, 20, 50}, 32, DataType::f32,
        "quantised");
  check({Coding::Bits8, WeightZero::Constant, DataType::f16, 0, true}, {12, 20, 51}, 0,
        DataType::f32, "many");
  check({Coding::Bits8, WeightZero::Constant, DataType::f16, 0, true}, {12, 20, 51}, 0,
        DataType::bf16, "many in bf16");
  check({Coding::Bits6, WeightZero::Constant, DataType::f16, 16}, {1, 20, 48}, 32, DataType::f32,
        "half a unit at the end");
  check({Coding::F16}, {3, 20, 35}, 0, DataType::f32, "floats");
}

// In f32 a row's bits do not depend on the rows beside it.
TEST(Compressed, RowsAloneAndInCompany) {
  const Case c{Coding::Bits4, WeightZero::Codes, DataType::f16, 32};
  const int64_t n = 70, k = 96, m = 12;
  const Weights w = make_weights(c, n, k);
  const auto a = random_floats(m * k, -2, 2, 1);
  for (const IsaSet& isa : compressed_tiers()) {
    const auto product = [&](int64_t first, int64_t rows) {
      CompressedDesc d;
      d.m = rows, d.n = n, d.k = k, d.a_row = k, d.c_row = n, d.format = w.format;
      std::vector<float> c_rows(static_cast<size_t>(rows * n));
      run_in_parts(run_compressed, plan_compressed(d, isa),
                   CompressedArgs{a.data() + first * k, w.packed.data(), c_rows.data()});
      return c_rows;
    };
    const std::vector<float> all = product(0, m), few = product(0, 5), one = product(2, 1);
    EXPECT_EQ(std::memcmp(all.data(), few.data(), few.size() * 4), 0);
    EXPECT_EQ(std::memcmp(all.data() + 2 * n, one.data(), one.size() * 4), 0);
  }
}

TEST(Compressed, NotANumberStaysOne) {
  const Weights w = make_weights({Coding::Bits4, WeightZero::Constant, DataType::f16, 32}, 16, 64);
  auto a = random_floats(64, -1, 1, 1);
  a[40] = NAN;
  CompressedDesc d;
  d.m = 1, d.n = 16, d.k = 64, d.a_row = 64, d.c_row = 16, d.format = w.format,
  d.quantised_group = 32;
  std::vector<float> c(16);
  run_in_parts(run_compressed, plan_compressed(d, machine_isa()),
               CompressedArgs{a.data(), w.packed.data(), c.data()});
  EXPECT_TRUE(std::isnan(c[3]));
}

}  // namespace
}  // namespace vireo::cpu
