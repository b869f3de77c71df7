// Prints GFLOP/s and the share of the multiply-add peak of depthwise layers of known nets, for each
// tier.
#include "devices/cpu/kernels/dense_bench.h"
#include "devices/cpu/kernels/dense_testing.h"
#include "devices/cpu/kernels/depthwise/depthwise.h"

namespace vireo::cpu {
namespace {

struct Layer {
  int64_t channels, size, kernel, stride;
  Activation activation = Activation::Relu;
  int64_t width = 1;  // channels of a group
};

void measure(const DepthwiseKernel& kernel, const Layer& s, double peak) {
  std::mt19937 engine(1);
  ConvDesc d;
  d.ic = d.oc = s.channels, d.groups = s.channels / s.width;
  for (int i = 0; i < 2; ++i) {
    d.in[i] = s.size, d.kernel[i] = s.kernel, d.stride[i] = s.stride, d.pad[i] = s.kernel / 2;
    d.out[i] = (s.size + 2 * d.pad[i] - s.kernel) / s.stride + 1;
  }
  d.src = dense_strides(2, d.in, s.channels);
  d.dst = d.residual = dense_strides(2, d.out, s.channels);
  d.epilogue = testing::make_epilogue(s.activation, Bias::PerColumn, Residual::None);
  const int64_t taps = s.kernel * s.kernel, pixels = d.out[0] * d.out[1];
  testing::Buffer src = testing::Buffer::random(s.channels * s.size * s.size, engine),
                  w = testing::Buffer::random(s.channels * taps * s.width, engine);
  testing::Buffer dst(pixels * s.channels), bias = testing::Buffer::random(s.channels, engine);
  testing::Buffer packed(static_cast<int64_t>(depthwise_packed_bytes(d, kernel) / 4));
  pack_depthwise_weights(d, kernel, w.data(), dense_weights(d), packed.data());
  const DepthwisePlan plan = plan_depthwise(d, &kernel, 1);
  const ConvArgs args = {src.data(), packed.data(), dst.data(), bias.data()};
  const double time =
      bench::median_seconds([&] { run_depthwise(plan, args, 0, plan.tasks, nullptr); });
  char what[64];
  std::snprintf(what, sizeof what, "%lldx%lld/%lld %lld by %lld @%lld act %d", (long long)s.kernel,
                (long long)s.kernel, (long long)s.stride, (long long)s.channels, (long long)s.width,
                (long long)s.size, int(s.activation));
  bench::print(kernel.name, what, 2.0 * pixels * s.channels * taps * s.width, time, peak);
}

}  // namespace
}  // namespace vireo::cpu

int main() {
  using namespace vireo::cpu;
  const Layer layers[] = {{32, 112, 3, 1},
                          {96, 112, 3, 2},
                          {144, 56, 3, 1},
                          {144, 56, 3, 2},
                          {192, 28, 3, 1},
                          {384, 14, 3, 1},
                          {576, 14, 3, 2},
                          {960, 7, 3, 1},
                          {1024, 7, 3, 1},
                          {240, 14, 5, 1},
                          {672, 14, 5, 2},
                          {96, 56, 7, 1},
                          {384, 14, 7, 1},
                          {144, 56, 3, 1, Activation::Silu},
                          {240, 14, 5, 1, Activation::HSwish},
                          {64, 56, 3, 1, Activation::Relu, 2},
                          {128, 56, 3, 1, Activation::Relu, 4},
                          {256, 28, 3, 1, Activation::Relu, 8}};
  const DepthwiseKernel* last = nullptr;
  for (const vireo::IsaSet tier : vireo::cpu::testing::machine_tiers()) {
    const DepthwiseKernel* kernel = get_depthwise(DataType::f32, tier);
    if (kernel == last || kernel->lanes < 8) continue;
    last = kernel;
    const double peak = vireo::cpu::bench::peak_flops(kernel->lanes);
    std::printf("%s: peak of one thread %.1f GFLOP/s\n", kernel->name, peak * 1e-9);
    for (const Layer& s : layers) measure(*kernel, s, peak);
  }
}
