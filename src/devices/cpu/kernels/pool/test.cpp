// Pooling against plain loops.
#include "devices/cpu/kernels/pool/pool.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

struct Expected {
  std::vector<double> values;
  std::vector<int64_t> indices;
};

// Two dimensions, by definition.
Expected reference(const PoolParams& p, const std::vector<float>& x) {
  Expected e;
  for (int64_t n = 0; n < p.batch; ++n)
    for (int64_t oh = 0; oh < p.out[1]; ++oh)
      for (int64_t ow = 0; ow < p.out[2]; ++ow)
        for (int64_t c = 0; c < p.channels; ++c) {
          double best = -INFINITY, sum = 0;
          int64_t at = -1, inside = 0, padded = 0;
          for (int64_t kh = 0; kh < p.kernel[1]; ++kh)
            for (int64_t kw = 0; kw < p.kernel[2]; ++kw) {
              const int64_t h = oh * p.stride[1] - p.pad_begin[1] + kh * p.dilation[1];
              const int64_t w = ow * p.stride[2] - p.pad_begin[2] + kw * p.dilation[2];
              padded += h < p.in[1] + p.pad_end[1] && w < p.in[2] + p.pad_end[2];
              if (h < 0 || w < 0 || h >= p.in[1] || w >= p.in[2]) continue;
              const double v =
                  x[static_cast<size_t>(((n * p.in[1] + h) * p.in[2] + w) * p.channels + c)];
              ++inside;
              sum += v;
              if (v > best) best = v, at = h * p.in[2] + w;
            }
          const double count = static_cast<double>(p.mode == PoolMode::average ? inside : padded);
          e.values.push_back(p.mode == PoolMode::max ? best : sum / count);
          e.indices.push_back(n * 1000000 + c * 1000 + at);
        }
  return e;
}

TEST(Pool, MatchesDefinition) {
  for (const IsaSet& isa : tiers())
    for (const PoolMode mode : {PoolMode::max, PoolMode::average, PoolMode::average_with_padding})
      for (const int64_t channels : {1, 3, 16, 17, 70})
        for (const int64_t kernel : {1, 2, 3})
          for (const int64_t dilation : {1, 2}) {
            PoolParams p;
            p.mode = mode, p.batch = 2, p.channels = channels;
            p.in[1] = 9, p.in[2] = 11;
            p.kernel[1] = kernel, p.kernel[2] = 3;
            p.dilation[1] = p.dilation[2] = dilation;
            p.stride[1] = 2, p.stride[2] = 1;
            p.pad_begin[1] = kernel / 2, p.pad_begin[2] = 1, p.pad_end[1] = kernel > 1,
            p.pad_end[2] = 0;
            p.out[1] = (9 + p.pad_begin[1] + p.pad_end[1] - dilation * (kernel - 1) - 1) / 2 + 1;
            p.out[2] = 11 + 1 - dilation * 2;
            p.index_batch = 1000000, p.index_channel = 1000;
            auto x = random_floats(2 * 99 * channels, -3, 3, 1);
            std::vector<float> y(static_cast<size_t>(2 * p.out[1] * p.out[2] * channels));
            std::vector<int64_t> indices(y.size());
            for (const DataType type : {DataType::f32, DataType::bf16}) {
              p.type = type;
              Stored in(x, type), out(y, type);
              const Expected want = reference(p, x);
              p.indices = mode == PoolMode::max;
              run_in_parts(run_pool, plan_pool(p, isa),
                           PoolArgs{in.data(), out.data(), indices.data()});
              out.read();
              expect_near(y, want.values, 2e-6 + rounding_of(type), "pool");
              if (p.indices) {
                ASSERT_EQ(indices, want.indices);
              }
              p.indices = false;
              run_in_parts(run_pool, plan_pool(p, isa), PoolArgs{in.data(), out.data(), nullptr});
              out.read();
              expect_near(y, want.values, 2e-6 + rounding_of(type), "pool");
            }
          }
}

TEST(Pool, AdaptiveWindowsAndThreeDimensions) {
  for (const IsaSet& isa : tiers()) {
    PoolParams p;
    p.mode = PoolMode::average, p.batch = 1, p.channels = 2, p.adaptive = true;
    p.in[0] = 3, p.in[1] = 5, p.in[2] = 7;
    p.out[0] = 2, p.out[1] = 3, p.out[2] = 4;
    auto x = random_floats(3 * 5 * 7 * 2, -1, 1, 1);
    std::vector<float> y(2 * 3 * 4 * 2);
    std::vector<double> want;
    auto range = [&](int axis, int64_t o) {
      const int64_t n = p.in[axis], m = p.out[axis];
      return std::make_pair(o * n / m, ((o + 1) * n + m - 1) / m);
    };
    for (int64_t d = 0; d < 2; ++d)
      for (int64_t h = 0; h < 3; ++h)
        for (int64_t w = 0; w < 4; ++w)
          for (int64_t c = 0; c < 2; ++c) {
            double sum = 0, count = 0;
            for (int64_t i = range(0, d).first; i < range(0, d).second; ++i)
              for (int64_t j = range(1, h).first; j < range(1, h).second; ++j)
                for (int64_t k = range(2, w).first; k < range(2, w).second; ++k, ++count)
                  sum += x[static_cast<size_t>(((i * 5 + j) * 7 + k) * 2 + c)];
            want.push_back(sum / count);
          }
    run_in_parts(run_pool, plan_pool(p, isa), PoolArgs{x.data(), y.data(), nullptr});
    expect_near(y, want, 2e-6, "adaptive pool");
  }
}

}  // namespace
}  // namespace vireo::cpu
