// Convolutions of few channels per group against a sum in double on every tier.
#include <gtest/gtest.h>

#include "devices/cpu/kernels/conv/conv_testing.h"
#include "devices/cpu/kernels/depthwise/depthwise.h"

namespace vireo::cpu {
namespace {

using testing::Buffer;

void check_all(const testing::ConvCase& s) {
  for (const DepthwiseKernel* kernel : testing::machine_kernels(get_depthwise)) {
    const int64_t width = s.ic / s.groups;
    if (width > 1 && (kernel->type == DataType::u8 || width > kernel->lanes)) continue;
    SCOPED_TRACE(kernel->name);
    testing::check_conv(
        s,
        [&](const ConvDesc& d, const float* weights, const WeightStrides& strides, ConvArgs args) {
          ASSERT_EQ(group_width(d, *kernel), width);
          Buffer packed(static_cast<int64_t>(depthwise_packed_bytes(d, *kernel) / 4));
          pack_depthwise_weights(d, *kernel, weights, strides, packed.data());
          args.weights = packed.data();
          const DepthwisePlan plan = plan_depthwise(d, kernel, s.threads);
          testing::run_in_parts(plan, s.threads, [&](int64_t begin, int64_t end, void* scratch) {
            run_depthwise(plan, args, begin, end, scratch);
          });
          ASSERT_TRUE(packed.guards_intact());
        },
        {kernel->type});
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Depthwise, WindowsStridesPaddings) {
  for (int64_t kernel : {1, 2, 3, 5, 7, 9}) {
    for (int64_t stride : {1, 2}) {
      for (int64_t dilation : {1, 2}) {
        const int64_t pad = kernel / 2;
        for (int64_t c : {2, 16, 35}) {
          check_all({2,
                     1,
                     c,
                     c,
                     c,
                     {19, 33},
                     {kernel, kernel},
                     {stride, stride},
                     {dilation, dilation},
                     {pad, pad},
                     {pad, pad},
                     c % 3});
        }
      }
    }
  }
}

TEST(Depthwise, SmallAndUnevenImages) {
  check_all({2, 2, 20, 20, 20, {1, 1}, {3, 3}, {}, {}, {1, 1}, {1, 1}});
  check_all({2, 2, 20, 20, 20, {2, 30}, {3, 5}, {2, 1}, {1, 3}, {0, 4}, {2, 1}, 2});
  check_all({2, 1, 33, 33, 33, {40, 3}, {5, 3}, {}, {}, {2, 1}, {2, 1}});
  check_all({2, 1, 3, 3, 3, {3, 3}, {1, 1}, {}, {}, {2, 2}, {2, 2}});
  check_all({2, 1, 17, 17, 17, {31, 31}, {31, 31}, {}, {}, {15, 15}, {15, 15}});
}

TEST(Depthwise, OtherDimensionsAndTransposed) {
  check_all({1, 2, 24, 24, 24, {40}, {3}, {}, {}, {2}, {0}, 1});
  check_all({3, 1, 18, 18, 18, {4, 5, 6}, {3, 3, 3}, {1, 1, 2}, {}, {1, 1, 1}, {1, 1, 1}});
  check_all({2, 1, 18, 18, 18, {5, 6}, {4, 4}, {2, 2}, {}, {1, 1}, {1, 1}, 1, false, true});
  check_all({2, 1, 18, 18, 18, {5, 6}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 0, false, true});
}

TEST(Depthwise, GroupsOfTwoFourAndEight) {
  for (int64_t width : {2, 4, 8})
    for (int64_t groups : {2, 5, 9})
      for (int64_t stride : {1, 2}) {
        const int64_t c = groups * width;
        check_all(
            {2, 2, groups, c, c, {7, 21}, {3, 3}, {stride, stride}, {}, {1, 1}, {1, 1}, c % 3});
      }
  check_all({1, 1, 6, 24, 24, {40}, {3}, {}, {2}, {2}, {2}, 1, false, false, {}, 3});
  check_all({2, 1, 4, 16, 16, {5, 6}, {4, 4}, {2, 2}, {}, {1, 1}, {1, 1}, 1, false, true});
  check_all(
      {2,
       1,
       4,
       32,
       32,
       {9, 9},
       {1, 1},
       {},
       {},
       {},
       {},
       0,
       false,
       false,
       testing::make_epilogue(Activation::Silu, Bias::PerColumn, Residual::AfterActivation, 0.5f)});
}

TEST(Depthwise, Epilogues) {
  for (Activation activation : testing::kActivations) {
    for (Residual residual :
         {Residual::None, Residual::BeforeActivation, Residual::AfterActivation}) {
      for (Bias bias : {Bias::None, Bias::PerColumn}) {
        check_all({2,
                   2,
                   21,
                   21,
                   21,
                   {5, 18},
                   {3, 3},
                   {},
                   {},
                   {1, 1},
                   {1, 1},
                   2,
                   false,
                   false,
                   testing::make_epilogue(activation, bias, residual, 0.5f)});
      }
    }
  }
}

TEST(Depthwise, PartitionOverThreads) {
  for (int threads : {2, 3, 8}) {
    check_all(
        {2, 1, 70, 70, 70, {14, 15}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 0, false, false, {}, threads});
    check_all(
        {2, 1, 70, 70, 70, {2, 2}, {3, 3}, {}, {}, {1, 1}, {1, 1}, 0, false, false, {}, threads});
    check_all({2,
               3,
               20,
               20,
               20,
               {9, 9},
               {3, 3},
               {2, 2},
               {},
               {1, 1},
               {1, 1},
               0,
               false,
               false,
               {},
               threads});
  }
}

}  // namespace
}  // namespace vireo::cpu
