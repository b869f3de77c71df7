// Resampling by tables against plain sums.
#include "devices/cpu/kernels/resize/resize.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

struct Table {
  std::vector<int32_t> index;
  std::vector<float> weight;

  Table(int64_t in, int64_t out, int taps, unsigned seed)
      : weight(random_floats(out * taps, -1, 1, seed)) {
    for (int64_t i = 0; i < out * taps; ++i)
      index.push_back(static_cast<int32_t>((i * 7 + seed) % in));
  }
};

TEST(Resize, MatchesWeightedSums) {
  for (const IsaSet& isa : tiers())
    for (const int64_t channels : {1, 3, 8, 17, 64})
      for (const int taps : {1, 2, 3, 4}) {
        const int64_t in[3] = {2, 5, 7}, out[3] = {3, 8, 4};
        const Table tables[3] = {{2, 3, taps, 1}, {5, 8, taps, 2}, {7, 4, taps, 3}};
        ResizeParams p;
        p.batch = 2, p.channels = channels;
        for (int d = 0; d < 3; ++d)
          p.axis[d] = {in[d], out[d], taps, tables[d].index.data(),
                       taps == 1 ? nullptr : tables[d].weight.data()};
        auto x = random_floats(2 * 70 * channels, -1, 1, 4);
        std::vector<float> y(static_cast<size_t>(2 * 96 * channels));
        std::vector<double> want(y.size());
        for (size_t i = 0; i < y.size(); ++i) {
          const int64_t c = static_cast<int64_t>(i) % channels,
                        pixel = static_cast<int64_t>(i) / channels;
          const int64_t o[3] = {pixel / 32 % 3, pixel / 4 % 8, pixel % 4}, n = pixel / 96;
          for (int a = 0; a < taps; ++a)
            for (int b = 0; b < taps; ++b)
              for (int k = 0; k < taps; ++k) {
                auto at = [&](int d, int tap) { return static_cast<size_t>(o[d] * taps + tap); };
                const int64_t row =
                    (n * 2 + tables[0].index[at(0, a)]) * 5 + tables[1].index[at(1, b)];
                const double v =
                    x[static_cast<size_t>((row * 7 + tables[2].index[at(2, k)]) * channels + c)];
                double w = 1;
                if (taps > 1)
                  w = static_cast<double>(tables[0].weight[at(0, a)]) * tables[1].weight[at(1, b)] *
                      tables[2].weight[at(2, k)];
                want[i] += w * v;
              }
        }
        run_in_parts(run_resize, plan_resize(p, isa), ResizeArgs{x.data(), y.data()});
        expect_near(y, want, 5e-6, "resize");
      }
}

TEST(Resize, KeptAxes) {
  for (const IsaSet& isa : tiers()) {
    const Table rows(4, 6, 2, 1);
    ResizeParams p;
    p.batch = 1, p.channels = 5;
    p.axis[1] = {4, 6, 2, rows.index.data(), rows.weight.data()};
    p.axis[2].in = p.axis[2].out = 3;
    auto x = random_floats(60, -1, 1, 4);
    std::vector<float> y(90);
    std::vector<double> want(90);
    for (size_t i = 0; i < 90; ++i)
      for (size_t k = 0; k < 2; ++k)
        want[i] += static_cast<double>(rows.weight[i / 15 * 2 + k]) *
                   x[static_cast<size_t>(rows.index[i / 15 * 2 + k]) * 15 + i % 15];
    run_in_parts(run_resize, plan_resize(p, isa), ResizeArgs{x.data(), y.data()});
    expect_near(y, want, 2e-6, "resize");
  }
}

}  // namespace
}  // namespace vireo::cpu
