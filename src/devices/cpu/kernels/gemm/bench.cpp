// Prints GFLOP/s and the share of the multiply-add peak for each tier: big products, layers of
// known nets, small ones, attention.
#include <string>

#include "devices/cpu/kernels/dense_bench.h"
#include "devices/cpu/kernels/dense_testing.h"
#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {
namespace {

struct Shape {
  int64_t m, n, k;
  bool packed = true, transpose_b = false;
  int64_t heads = 1;
  Activation activation = Activation::None;
};

void measure(const GemmKernel& kernel, const Shape& s, double peak) {
  std::mt19937 engine(1);
  testing::Buffer a = testing::Buffer::random(s.heads * s.m * s.k, engine),
                  b = testing::Buffer::random(s.heads * s.n * s.k, engine);
  testing::Buffer c(s.heads * s.m * s.n), bias = testing::Buffer::random(s.n, engine);
  testing::Buffer packed(static_cast<int64_t>(gemm_packed_bytes(kernel, s.n, s.k) / 4));
  GemmDesc d;
  d.m = s.m, d.n = s.n, d.k = s.k, d.b_packed = s.packed, d.a_row = s.k, d.c_row = s.n;
  d.b_row = s.transpose_b ? 1 : s.n;
  d.b_column = s.transpose_b ? s.k : 1;
  d.batch_dims = 1, d.batch[0] = s.heads, d.a_batch[0] = s.m * s.k,
  d.b_batch[0] = s.packed ? 0 : s.n * s.k, d.c_batch[0] = s.m * s.n;
  d.epilogue = testing::make_epilogue(s.activation, Bias::PerColumn, Residual::None);
  d.c_type = kernel.stores_bf16 ? DataType::bf16 : DataType::f32;
  if (s.packed) pack_gemm_b(kernel, b.data(), d.b_row, d.b_column, s.n, s.k, packed.data());
  const GemmPlan plan = plan_gemm(d, &kernel, 1);
  testing::Buffer scratch(static_cast<int64_t>(plan.scratch_bytes / 4) + 16);
  testing::Stored stored_a(a, kernel.a_type), stored_b(b, kernel.b_type);
  const GemmArgs args = {stored_a.at(0), s.packed ? packed.data() : stored_b.at(0), c.data(),
                         bias.data()};
  const double time =
      bench::median_seconds([&] { run_gemm(plan, args, 0, plan.tasks, scratch.data()); });
  std::string what = std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k);
  if (s.heads > 1) what += " x" + std::to_string(s.heads);
  if (!s.packed) what += s.transpose_b ? " plain bt" : " plain b";
  if (s.activation != Activation::None) what += " act " + std::to_string(int(s.activation));
  bench::print(kernel.name, what.c_str(), 2.0 * s.heads * s.m * s.n * s.k, time, peak);
}

}  // namespace
}  // namespace vireo::cpu

int main() {
  using namespace vireo::cpu;
  namespace dense = vireo::cpu::testing;
  namespace timing = vireo::cpu::bench;
  const Shape shapes[] = {{1024, 1024, 1024},
                          {512, 768, 768},
                          {128, 3072, 768},
                          {128, 768, 3072},
                          {128, 2304, 768},
                          {3136, 64, 64},
                          {3136, 256, 64},
                          {784, 128, 512},
                          {196, 1024, 256},
                          {49, 2048, 512},
                          {49, 512, 2048},
                          {12544, 96, 16},
                          {12544, 16, 32},
                          {784, 24, 144},
                          {3136, 24, 96},
                          {1, 1000, 2048},
                          {1, 4096, 4096},
                          {8, 1024, 1024},
                          {4, 512, 512},
                          {1, 64, 64},
                          {1, 16, 64},
                          {2, 64, 64},
                          {3, 64, 64},
                          {1, 64, 64, true, false, 1, Activation::Tanh},
                          {128, 128, 64, false, true, 12},
                          {128, 64, 128, false, false, 12},
                          {1, 128, 64, false, true, 12},
                          {1, 64, 128, false, false, 12},
                          {128, 3072, 768, true, false, 1, Activation::GeluErf}};
  for (const GemmKernel* kernel : dense::machine_kernels(get_gemm)) {
    if (kernel->lanes < 8) continue;
    const double peak = timing::peak_flops(kernel->lanes) * kernel->k_group;
    std::printf("%s: peak of one thread %.1f GFLOP/s\n", kernel->name, peak * 1e-9);
    for (const Shape& s : shapes) measure(*kernel, s, peak);
  }
}
