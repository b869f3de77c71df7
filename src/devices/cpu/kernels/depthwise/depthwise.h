// Convolution of few channels per group, channels last: one (depthwise), or two, four or eight
// inputs and as many outputs. Any taps, also transposed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/conv/conv.h"
#include "devices/cpu/kernels/depthwise/tile.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {

// One input and one output channel per group.
bool is_depthwise(const ConvDesc& desc);
// Channels of a group, inputs and outputs alike, if this kernel takes the convolution: 1, 2, 4 or
// 8; else 0, and it goes to conv.
int64_t group_width(const ConvDesc& desc, const DepthwiseKernel& kernel);

struct DepthwisePlan {
  ConvDesc desc;
  const DepthwiseKernel* kernel = nullptr;
  int64_t tasks = 0;  // batch * line parts * channel parts
  size_t scratch_bytes = 0;
  ConvLines lines;  // what it is made of, without the runs
  std::vector<DepthwiseRun> runs;
  int64_t width = 1;   // channels of a group
  int64_t pixels = 0;  // of the widest tile
  bool by_rows = false;
  const DepthwiseFn* tiles = nullptr;  // [pixels - 1], of the kernel
  std::vector<int64_t> line_parts;
  int64_t channel_parts = 1;
  int64_t channel_block = 0;  // channels that a task takes through the image at a time
  int64_t weight_stride = 0;
};

// The best of these tiers for images of this type, f32, bf16 or u8; never null. `refused`, if
// given, gets up to kIsaCount rows that came before it.
const DepthwiseKernel* get_depthwise(DataType type, IsaSet isa, KernelRefusal* refused = nullptr);

size_t depthwise_packed_bytes(const ConvDesc& desc, const DepthwiseKernel& kernel);
void pack_depthwise_weights(const ConvDesc& desc, const DepthwiseKernel& kernel,
                            const float* weights, const WeightStrides& strides, void* packed);

DepthwisePlan plan_depthwise(const ConvDesc& desc, const DepthwiseKernel* kernel, int threads);
void run_depthwise(const DepthwisePlan& plan, const ConvArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
