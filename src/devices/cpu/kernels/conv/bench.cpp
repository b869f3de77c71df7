// Prints GFLOP/s and the share of the multiply-add peak of layers of known nets, for each tier.
#include <string>

#include "devices/cpu/kernels/conv/conv.h"
#include "devices/cpu/kernels/dense_bench.h"
#include "devices/cpu/kernels/dense_testing.h"

namespace vireo::cpu {
namespace {

struct Layer {
  int64_t ic, oc, size, kernel, stride, pad;
  int64_t groups = 1;
  bool planar = false, transposed = false;
  Activation activation = Activation::Relu;
};

void measure(const GemmKernel& kernel, const Layer& s, double peak) {
  std::mt19937 engine(1);
  ConvDesc d;
  d.ic = s.ic, d.oc = s.oc, d.groups = s.groups, d.transposed = s.transposed;
  for (int i = 0; i < 2; ++i) {
    d.in[i] = s.size, d.kernel[i] = s.kernel, d.stride[i] = s.stride, d.pad[i] = s.pad;
    d.out[i] = s.transposed ? (s.size - 1) * s.stride + s.kernel - 2 * s.pad
                            : (s.size + 2 * s.pad - s.kernel) / s.stride + 1;
  }
  d.src = s.planar ? planar_strides(2, d.in, s.ic) : dense_strides(2, d.in, s.ic);
  d.dst = d.residual = dense_strides(2, d.out, s.oc);
  d.epilogue = testing::make_epilogue(s.activation, Bias::PerColumn, Residual::None);
  d.src_type = kernel.a_type;
  d.dst_type = kernel.stores_bf16 ? DataType::bf16 : DataType::f32;
  const int64_t taps = s.kernel * s.kernel,
                pixels = s.transposed ? d.in[0] * d.in[1] : d.out[0] * d.out[1];
  testing::Buffer src = testing::Buffer::random(s.ic * s.size * s.size, engine),
                  w = testing::Buffer::random(s.oc * s.ic / s.groups * taps, engine);
  testing::Buffer dst(d.out[0] * d.out[1] * s.oc), bias = testing::Buffer::random(s.oc, engine);
  testing::Buffer packed(static_cast<int64_t>(conv_packed_bytes(d, kernel) / 4));
  pack_conv_weights(d, kernel, w.data(), dense_weights(d), packed.data());
  const ConvPlan plan = plan_conv(d, &kernel, 1);
  testing::Buffer scratch(static_cast<int64_t>(plan.scratch_bytes / 4) + 16);
  testing::Stored stored_src(src, kernel.a_type);
  const ConvArgs args = {stored_src.at(0), packed.data(), dst.data(), bias.data()};
  const double time =
      bench::median_seconds([&] { run_conv(plan, args, 0, plan.tasks, scratch.data()); });
  const double planning = bench::median_seconds([&] { plan_conv(d, &kernel, 1); });
  char what[96];
  std::snprintf(what, sizeof what, "%s%lldx%lld/%lld %lld->%lld @%lld%s%s plan %.0f us",
                s.transposed ? "T " : "", (long long)s.kernel, (long long)s.kernel,
                (long long)s.stride, (long long)s.ic, (long long)s.oc, (long long)s.size,
                s.planar ? " nchw" : "", s.groups > 1 ? " grouped" : "", planning * 1e6);
  bench::print(kernel.name, what, 2.0 * pixels * s.oc * s.ic / s.groups * taps, time, peak);
}

}  // namespace
}  // namespace vireo::cpu

int main() {
  using namespace vireo::cpu;
  const Layer layers[] = {{3, 64, 224, 7, 2, 3},
                          {3, 64, 224, 7, 2, 3, 1, true},
                          {3, 32, 224, 3, 2, 1},
                          {3, 16, 640, 3, 2, 1},
                          {64, 64, 56, 3, 1, 1},
                          {128, 128, 28, 3, 1, 1},
                          {256, 256, 14, 3, 1, 1},
                          {512, 512, 7, 3, 1, 1},
                          {128, 128, 56, 3, 2, 1},
                          {512, 512, 14, 3, 2, 1},
                          {64, 256, 56, 1, 1, 0},
                          {512, 2048, 7, 1, 1, 0},
                          {2048, 512, 7, 1, 1, 0},
                          {256, 512, 56, 1, 2, 0},
                          {1024, 2048, 14, 1, 2, 0},
                          {16, 16, 160, 3, 1, 1},
                          {32, 32, 160, 3, 1, 1},
                          {144, 24, 56, 1, 1, 0},
                          {96, 96, 28, 5, 1, 2},
                          {512, 512, 14, 3, 1, 1, 32},
                          {64, 32, 40, 2, 2, 0, 1, false, true},
                          {64, 64, 40, 4, 2, 1, 1, false, true}};
  for (const GemmKernel* kernel : vireo::cpu::testing::machine_kernels(get_gemm)) {
    if (kernel->lanes < 8) continue;
    const double peak = vireo::cpu::bench::peak_flops(kernel->lanes) * kernel->k_group;
    std::printf("%s: peak of one thread %.1f GFLOP/s\n", kernel->name, peak * 1e-9);
    for (const Layer& s : layers) measure(*kernel, s, peak);
  }
}
