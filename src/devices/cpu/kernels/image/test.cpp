// Every tier against the definition.
#include "devices/cpu/kernels/image/image.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

TEST(Image, QuantisesPlanes) {
  for (const IsaSet& isa : tiers())
    for (const int64_t channels : {1, 3, 4})
      for (const int64_t pixels : {1, 15, 16, 17, 100, 9000}) {
        ImageParams p;
        p.images = 2, p.channels = channels, p.pixels = pixels;
        p.inverse_scale = 60, p.zero = 110, p.low = 1, p.high = 250;
        std::vector<float> x = random_floats(2 * channels * pixels, -3, 3, 5);
        x[0] = NAN;
        std::vector<uint8_t> y(size_t(2 * pixels * 4 + 1), 7);
        run_in_parts(run_image, plan_image(p, isa), ImageArgs{x.data(), y.data()});
        for (int64_t i = 0; i < 2 * pixels * 4; ++i) {
          const int64_t image = i / 4 / pixels, pixel = i / 4 % pixels, c = i % 4;
          const float v = c < channels ? x[size_t((image * channels + c) * pixels + pixel)] : 0.0f;
          const double want =
              std::isnan(v) ? 1 : std::fmin(std::fmax(double(v) * 60 + 110, 1), 250);
          ASSERT_NEAR(y[size_t(i)], want, 0.501) << i;
        }
        ASSERT_EQ(y.back(), 7);
      }
}

}  // namespace
}  // namespace vireo::cpu
