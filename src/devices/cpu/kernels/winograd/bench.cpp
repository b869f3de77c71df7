// Prints GFLOP/s (of the plain convolution) and the share of the multiply-add peak of layers that
// take Winograd, for each tier.
#include "devices/cpu/kernels/dense_bench.h"
#include "devices/cpu/kernels/dense_testing.h"
#include "devices/cpu/kernels/winograd/winograd.h"

namespace vireo::cpu {
namespace {

struct Layer {
  int64_t ic, oc, size;
};

void measure(const WinogradKernel& kernel, const GemmKernel& gemm, const Layer& s, double peak) {
  std::mt19937 engine(1);
  ConvDesc d;
  d.ic = s.ic, d.oc = s.oc;
  for (int i = 0; i < 2; ++i) d.in[i] = d.out[i] = s.size, d.kernel[i] = 3, d.pad[i] = 1;
  d.src = dense_strides(2, d.in, s.ic);
  d.dst = d.residual = dense_strides(2, d.out, s.oc);
  d.epilogue = testing::make_epilogue(Activation::Relu, Bias::PerColumn, Residual::None);
  const int64_t pixels = s.size * s.size;
  testing::Buffer src = testing::Buffer::random(s.ic * pixels, engine),
                  w = testing::Buffer::random(s.oc * s.ic * 9, engine);
  testing::Buffer dst(pixels * s.oc), bias = testing::Buffer::random(s.oc, engine);
  testing::Buffer packed(static_cast<int64_t>(winograd_packed_bytes(d, gemm) / 4));
  pack_winograd_weights(kernel, d, gemm, w.data(), dense_weights(d), packed.data());
  const WinogradPlan plan = plan_winograd(d, &kernel, &gemm, 1);
  testing::Buffer scratch(static_cast<int64_t>(plan.scratch_bytes / 4) + 16);
  const ConvArgs args = {src.data(), packed.data(), dst.data(), bias.data()};
  const double time =
      bench::median_seconds([&] { run_winograd(plan, args, 0, plan.tasks, scratch.data()); });
  char what[96];
  std::snprintf(what, sizeof what, "%lld->%lld @%lld block %lld%s", (long long)s.ic,
                (long long)s.oc, (long long)s.size, (long long)plan.block,
                refuse_winograd(d) ? " (refused)" : "");
  bench::print(kernel.name, what, 2.0 * pixels * s.oc * s.ic * 9, time, peak);
}

}  // namespace
}  // namespace vireo::cpu

int main() {
  using namespace vireo::cpu;
  const Layer layers[] = {{64, 64, 56},   {128, 128, 28}, {256, 256, 14}, {64, 64, 80},
                          {32, 32, 160},  {128, 128, 40}, {96, 96, 24},   {512, 512, 7},
                          {256, 256, 32}, {96, 24, 100},  {16, 16, 160},  {24, 24, 80}};
  const WinogradKernel* last = nullptr;
  for (const vireo::IsaSet tier : vireo::cpu::testing::machine_tiers()) {
    const WinogradKernel* kernel = get_winograd(DataType::f32, tier);
    if (kernel == last || kernel->lanes < 8) continue;
    last = kernel;
    const double peak = vireo::cpu::bench::peak_flops(kernel->lanes);
    std::printf("%s: peak of one thread %.1f GFLOP/s\n", kernel->name, peak * 1e-9);
    for (const Layer& s : layers) measure(*kernel, *get_gemm(DataType::f32, tier), s, peak);
  }
}
