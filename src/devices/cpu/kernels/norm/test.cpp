// Normalisations against their formulas in double.
#include "devices/cpu/kernels/norm/norm.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

size_t z(int64_t i) { return static_cast<size_t>(i); }

TEST(LayerNorm, MatchesFormulaWithResidualScaleAndShift) {
  for (const IsaSet& isa : tiers())
    for (const int64_t size : {1, 3, 8, 15, 17, 64, 100, 768})
      for (int mode = 0; mode < 16; ++mode) {
        LayerNormParams p;
        p.type = mode & 8 ? DataType::bf16 : DataType::f32;
        p.rows = 13, p.size = size;
        p.subtract_mean = mode & 1;
        p.epsilon_inside = mode & 2;
        auto x = random_floats(p.rows * size, -3, 5, 1),
             residual = random_floats(p.rows * size, -1, 1, 2),
             scale = random_floats(size, 0, 2, 3), shift = random_floats(size, -1, 1, 4);
        std::vector<float> y(x.size()), sum(x.size());
        Stored stored_x(x, p.type), stored_residual(residual, p.type), stored_y(y, p.type),
            stored_sum(sum, p.type);
        LayerNormArgs a = {};
        a.src = stored_x.data(), a.dst = stored_y.data();
        if (mode & 4)
          a.residual = stored_residual.data(), a.sum = stored_sum.data(), a.shift = shift.data();
        a.scale = scale.data();
        std::vector<double> want(x.size());
        for (int64_t r = 0; r < p.rows; ++r) {
          double mean = 0, squares = 0;
          auto at = [&](int64_t i) {
            return static_cast<double>(x[z(r * size + i)]) +
                   (a.residual ? residual[z(r * size + i)] : 0.0f);
          };
          for (int64_t i = 0; i < size && p.subtract_mean; ++i)
            mean += at(i) / static_cast<double>(size);
          for (int64_t i = 0; i < size; ++i)
            squares += (at(i) - mean) * (at(i) - mean) / static_cast<double>(size);
          const double d =
              p.epsilon_inside ? std::sqrt(squares + p.epsilon) : std::sqrt(squares) + p.epsilon;
          for (int64_t i = 0; i < size; ++i)
            want[z(r * size + i)] =
                (at(i) - mean) / d * scale[z(i)] + (a.shift ? shift[z(i)] : 0.0f);
        }
        if (size == 1 && p.subtract_mean) continue;  // 0 / epsilon: rounding noise over epsilon
        run_in_parts(run_layer_norm, plan_layer_norm(p, isa), a);
        stored_y.read();
        stored_sum.read();
        expect_near(y, want, 5e-6 + rounding_of(p.type), "layer norm");
        for (size_t i = 0; a.sum && i < x.size(); ++i)
          ASSERT_NEAR(sum[i], x[i] + residual[i], 1e-6 + rounding_of(p.type) * std::fabs(sum[i]));
      }
}

TEST(GroupNorm, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const int64_t channels : {1, 6, 16, 30, 192})
      for (const int64_t groups : {int64_t{1}, int64_t{2}, channels}) {
        if (channels % groups) continue;
        GroupNormParams p;
        p.batch = 2, p.spatial = 21, p.channels = channels, p.groups = groups;
        auto x = random_floats(2 * 21 * channels, -3, 5, 1),
             scale = random_floats(channels, 0, 2, 3), shift = random_floats(channels, -1, 1, 4);
        std::vector<double> want(x.size());
        const int64_t size = channels / groups;
        for (int64_t b = 0; b < 2; ++b)
          for (int64_t g = 0; g < groups; ++g) {
            auto at = [&](int64_t s, int64_t c) {
              return z((b * 21 + s) * channels + g * size + c);
            };
            double mean = 0, squares = 0;
            const double n = static_cast<double>(21 * size);
            for (int64_t s = 0; s < 21; ++s)
              for (int64_t c = 0; c < size; ++c) mean += x[at(s, c)] / n;
            for (int64_t s = 0; s < 21; ++s)
              for (int64_t c = 0; c < size; ++c)
                squares += (x[at(s, c)] - mean) * (x[at(s, c)] - mean) / n;
            for (int64_t s = 0; s < 21; ++s)
              for (int64_t c = 0; c < size; ++c)
                want[at(s, c)] =
                    (x[at(s, c)] - mean) / std::sqrt(squares + p.epsilon) * scale[z(g * size + c)] +
                    shift[z(g * size + c)];
          }
        run_in_parts(run_group_norm, plan_group_norm(p, isa),
                     GroupNormArgs{x.data(), scale.data(), shift.data(), x.data()});
        expect_near(x, want, 5e-6, "group norm");
      }
}

TEST(NormalizeL2, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const bool is_maximum : {false, true})
      for (const int64_t axis : {1, 9, 64, 129})
        for (const int64_t inner : {1, 3, 70}) {
          const NormalizeL2Params p = {2, axis, inner, 0.5f, is_maximum};
          auto x = random_floats(2 * axis * inner, -0.3, 0.3, 1);
          std::vector<double> want(x.size());
          for (int64_t o = 0; o < 2; ++o)
            for (int64_t i = 0; i < inner; ++i) {
              double sum = 0;
              auto at = [&](int64_t a) { return z((o * axis + a) * inner + i); };
              for (int64_t a = 0; a < axis; ++a) sum += static_cast<double>(x[at(a)]) * x[at(a)];
              const double d = std::sqrt(is_maximum ? std::fmax(sum, 0.5) : sum + 0.5);
              for (int64_t a = 0; a < axis; ++a) want[at(a)] = x[at(a)] / d;
            }
          run_in_parts(run_normalize_l2, plan_normalize_l2(p, isa), NormArgs{x.data(), x.data()});
          expect_near(x, want, 2e-6, "normalize l2");
        }
}

TEST(Lrn, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const int64_t channels : {1, 5, 16, 33})
      for (const int64_t size : {1, 4, 5}) {
        const LrnParams p = {7, channels, size, 0.9f, 0.75f, 1.5f};
        auto x = random_floats(7 * channels, -3, 3, 1);
        std::vector<float> y(x.size());
        std::vector<double> want(x.size());
        for (int64_t r = 0; r < 7; ++r)
          for (int64_t c = 0; c < channels; ++c) {
            double sum = 0;
            for (int64_t k = c - (size - 1) / 2; k <= c + size / 2; ++k)
              if (k >= 0 && k < channels)
                sum += static_cast<double>(x[z(r * channels + k)]) * x[z(r * channels + k)];
            want[z(r * channels + c)] =
                x[z(r * channels + c)] /
                std::pow(1.5 + 0.9f / static_cast<double>(size) * sum, 0.75);
          }
        run_in_parts(run_lrn, plan_lrn(p, isa), NormArgs{x.data(), y.data()});
        expect_near(y, want, 2e-6, "lrn");
      }
}

}  // namespace
}  // namespace vireo::cpu
