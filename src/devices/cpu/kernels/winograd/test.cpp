// Winograd convolution against a sum in double on every tier; its error is larger than that of a
// plain sum.
#include <gtest/gtest.h>

#include "devices/cpu/kernels/conv/conv_testing.h"
#include "devices/cpu/kernels/winograd/winograd.h"

namespace vireo::cpu {
namespace {

using testing::Buffer;

void check_all(const testing::ConvCase& s) {
  for (const WinogradKernel* kernel : testing::machine_kernels(get_winograd)) {
    const GemmKernel* gemm = get_gemm(DataType::f32, machine_isa());
    SCOPED_TRACE(kernel->name);
    testing::check_conv(
        s,
        [&](const ConvDesc& d, const float* weights, const WeightStrides& strides, ConvArgs args) {
          Buffer packed(static_cast<int64_t>(winograd_packed_bytes(d, *gemm) / 4));
          pack_winograd_weights(*kernel, d, *gemm, weights, strides, packed.data());
          args.weights = packed.data();
          const WinogradPlan plan = plan_winograd(d, kernel, gemm, s.threads);
          testing::run_in_parts(plan, s.threads, [&](int64_t begin, int64_t end, void* scratch) {
            run_winograd(plan, args, begin, end, scratch);
          });
          ASSERT_TRUE(packed.guards_intact());
        },
        {kernel->type, false, 2e-5});
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Winograd, SizesAndPaddings) {
  for (int64_t h : {3, 4, 7, 14, 17}) {
    for (int64_t pad : {0, 1, 2})
      check_all({2, 2, 1, 33, 37, {h, h + 2}, {3, 3}, {}, {}, {pad, pad}, {pad, 1}, 1});
  }
  check_all({2, 1, 1, 64, 64, {20, 20}, {3, 3}, {}, {}, {1, 1}, {1, 1}});
}

TEST(Winograd, Epilogues) {
  for (Activation activation : testing::kActivations) {
    for (Residual residual :
         {Residual::None, Residual::BeforeActivation, Residual::AfterActivation}) {
      check_all({2,
                 1,
                 1,
                 32,
                 35,
                 {6, 7},
                 {3, 3},
                 {},
                 {},
                 {1, 1},
                 {1, 1},
                 2,
                 false,
                 false,
                 testing::make_epilogue(activation, Bias::PerColumn, residual)});
    }
  }
}

TEST(Winograd, PartitionOverThreads) {
  for (int threads : {2, 3, 8})
    check_all(
        {2, 2, 1, 40, 40, {14, 15}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 0, false, false, {}, threads});
}

}  // namespace
}  // namespace vireo::cpu
