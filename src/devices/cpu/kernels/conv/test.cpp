// Convolution against a sum in double on every tier: dimensions, strides, padding, dilation,
// groups, slices, planar sources, transposed, epilogues, partitions.
#include <gtest/gtest.h>

#include "devices/cpu/kernels/conv/conv_testing.h"

namespace vireo::cpu {
#ifdef __x86_64__
namespace emulated_amx_bf16 {
extern const GemmKernel gemm_bf16_32x32;
}
#endif
namespace {

using testing::Buffer;

std::vector<const GemmKernel*> kernels() {
  std::vector<const GemmKernel*> kernels = testing::machine_kernels(get_gemm);
#ifdef __x86_64__
  if (machine_isa().has(Isa::Avx512Bf16)) kernels.push_back(&emulated_amx_bf16::gemm_bf16_32x32);
#endif
  return kernels;
}

void check_all(const testing::ConvCase& s) {
  for (const GemmKernel* kernel : kernels()) {
    SCOPED_TRACE(kernel->name);
    testing::check_conv(
        s,
        [&](const ConvDesc& d, const float* weights, const WeightStrides& strides, ConvArgs args) {
          Buffer packed(static_cast<int64_t>(conv_packed_bytes(d, *kernel) / 4));
          pack_conv_weights(d, *kernel, weights, strides, packed.data());
          args.weights = packed.data();
          const ConvPlan plan = plan_conv(d, kernel, s.threads);
          testing::run_in_parts(plan, s.threads, [&](int64_t begin, int64_t end, void* scratch) {
            run_conv(plan, args, begin, end, scratch);
          });
          ASSERT_TRUE(packed.guards_intact());
        },
        {kernel->a_type, true});
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Conv, PointwiseIsAProduct) {
  check_all({2, 2, 1, 20, 37, {5, 6}, {1, 1}});
  check_all({2, 1, 1, 20, 37, {5, 6}, {1, 1}, {}, {}, {}, {}, 3});
  check_all({2, 2, 1, 8, 5, {7, 9}, {1, 1}, {2, 2}});
  check_all({2, 1, 1, 33, 64, {1, 1}, {1, 1}});
  check_all({2, 1, 1, 4, 6, {5, 5}, {1, 1}, {}, {}, {1, 1}, {1, 1}});
}

TEST(Conv, WindowsStridesPaddings) {
  for (int64_t kernel : {1, 2, 3, 5}) {
    for (int64_t stride : {1, 2, 3}) {
      for (int64_t pad : {0, 1, 2}) {
        for (int64_t dilation : {1, 2}) {
          check_all({2,
                     1,
                     1,
                     5,
                     18,
                     {11, 16},
                     {kernel, kernel},
                     {stride, stride},
                     {dilation, dilation},
                     {pad, pad},
                     {pad, pad}});
        }
      }
    }
  }
}

TEST(Conv, UnevenAxes) {
  check_all({2, 2, 1, 3, 33, {9, 31}, {3, 5}, {2, 1}, {1, 3}, {0, 4}, {2, 1}, 2});
  check_all({2, 1, 1, 16, 16, {1, 40}, {1, 3}, {}, {}, {0, 1}, {0, 1}});
  check_all({2, 1, 1, 4, 7, {40, 2}, {3, 3}, {}, {}, {1, 1}, {1, 1}});
  check_all({2, 1, 1, 4, 7, {2, 2}, {5, 5}, {}, {}, {2, 2}, {2, 2}});
  check_all({2, 1, 1, 2, 2, {3, 3}, {1, 1}, {}, {}, {2, 2}, {2, 2}});
}

TEST(Conv, FirstLayers) {
  check_all({2, 1, 1, 3, 32, {33, 35}, {7, 7}, {2, 2}, {}, {3, 3}, {3, 3}});
  check_all({2, 2, 1, 3, 16, {20, 21}, {3, 3}, {2, 2}, {}, {1, 1}, {1, 1}, 0, true});
  check_all({2, 2, 1, 3, 20, {20, 21}, {7, 7}, {2, 2}, {}, {3, 3}, {3, 3}, 0, true});
  check_all({2, 1, 1, 1, 8, {28, 28}, {5, 5}, {}, {2, 2}, {2, 2}, {2, 2}, 0, true});
  check_all({1, 1, 2, 4, 8, {50}, {3}, {}, {}, {1}, {1}, 0, true});
}

TEST(Conv, Groups) {
  check_all({2, 2, 4, 16, 32, {9, 10}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 1});
  check_all({2, 1, 3, 9, 6, {8, 8}, {3, 3}, {2, 2}, {}, {1, 1}, {1, 1}});
  check_all({2, 1, 5, 5, 10, {6, 7}, {3, 3}, {}, {}, {1, 1}, {1, 1}});
  check_all({2, 1, 2, 8, 70, {6, 7}, {1, 1}});
}

TEST(Conv, OneAndThreeDimensions) {
  check_all({1, 2, 1, 6, 17, {40}, {5}, {2}, {2}, {3}, {4}, 1});
  check_all({1, 1, 1, 80, 40, {50}, {3}, {}, {}, {1}, {1}});
  check_all({3, 2, 1, 4, 9, {5, 6, 7}, {3, 3, 3}, {1, 2, 1}, {}, {1, 1, 1}, {1, 1, 1}, 1});
  check_all({3, 1, 2, 4, 8, {4, 5, 6}, {2, 3, 1}, {2, 1, 1}, {1, 2, 1}, {1, 2, 0}, {0, 2, 0}});
}

TEST(Conv, Transposed) {
  for (int64_t kernel : {1, 2, 3, 4}) {
    for (int64_t stride : {1, 2, 3}) {
      for (int64_t pad : {0, 1}) {
        if (pad > (kernel - 1) / 2) continue;
        check_all({2,
                   2,
                   1,
                   6,
                   19,
                   {5, 7},
                   {kernel, kernel},
                   {stride, stride},
                   {},
                   {pad, pad},
                   {pad, pad},
                   1,
                   false,
                   true});
      }
    }
  }
  check_all({2, 1, 2, 6, 8, {5, 4}, {3, 3}, {2, 1}, {2, 3}, {1, 2}, {0, 1}, 0, false, true});
  check_all(
      {2, 1, 1, 6, 8, {5, 4}, {3, 3}, {2, 2}, {}, {1, 1}, {-1, 0}, 0, false, true});  // output
                                                                                      // padding
  check_all({1, 1, 1, 5, 3, {9}, {4}, {2}, {}, {1}, {1}, 0, false, true});
  check_all(
      {3, 1, 1, 2, 3, {3, 4, 3}, {2, 3, 2}, {2, 2, 2}, {}, {0, 1, 0}, {0, 1, 0}, 0, false, true});
}

TEST(Conv, Epilogues) {
  for (Activation activation : testing::kActivations) {
    for (Residual residual :
         {Residual::None, Residual::BeforeActivation, Residual::AfterActivation}) {
      const Epilogue e = testing::make_epilogue(activation, Bias::PerColumn, residual);
      check_all({2, 2, 2, 4, 34, {5, 6}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 2, false, false, e});
      check_all({2, 1, 1, 4, 17, {5, 6}, {1, 1}, {}, {}, {}, {}, 2, false, false, e});
    }
  }
}

TEST(Conv, PartitionOverThreads) {
  for (int threads : {2, 3, 8}) {
    check_all(
        {2, 1, 1, 8, 70, {14, 15}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 0, false, false, {}, threads});
    check_all(
        {2, 1, 1, 8, 256, {3, 3}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 0, false, false, {}, threads});
    check_all(
        {2, 3, 1, 8, 20, {9, 9}, {3, 3}, {2, 2}, {}, {1, 1}, {1, 1}, 0, false, false, {}, threads});
  }
}

}  // namespace
}  // namespace vireo::cpu
