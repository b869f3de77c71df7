// Convolution and transposed convolution, channels last, in one to three spatial dimensions, with
// groups.
//
// A tile of a line of pixels (lines.h) is a matrix product whose K is made of runs, one per tap, or
// per row of taps where neighbouring pixels touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "devices/cpu/kernels/conv/lines.h"
#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {

struct ConvPlan {
  ConvDesc desc;
  const GemmKernel* kernel = nullptr;
  int64_t tasks = 0;  // batch * groups * n_parts * line_parts
  size_t scratch_bytes = 0;
  bool pointwise = false;  // the whole is one matrix product
  GemmPlan gemm;
  int64_t k = 0;  // of one group: its input channels times all taps
  ConvLines lines;
  std::vector<int64_t> line_parts;  // first line of each part, and the end
  int64_t n_parts = 1;
  int64_t lines_per_block = 1;  // whose source stays in L2 while all panels sweep it
  size_t group_bytes = 0;       // packed weights of one group
};

struct ConvArgs {
  const void* src = nullptr;
  const void* weights = nullptr;
  void* dst = nullptr;
  const float* bias = nullptr;  // [oc]
  const void* residual = nullptr;
  const float* slope = nullptr;  // [oc]
  // Of 8-bit codes (EpilogueArgs), by packed columns. `start` has a row of start_stride for each
  // kind of line.
  const float* scale = nullptr;
  const int32_t* start = nullptr;
  int64_t start_stride = 0;
  const float* shift = nullptr;
  const float* out_scale = nullptr;
};

// Depends on channels, groups, taps, `src.channel` and the kernel; not on sizes, strides or
// padding.
size_t conv_packed_bytes(const ConvDesc& desc, const GemmKernel& kernel);
// Panels of output channels, group by group; packing some of them is a thread's share.
int64_t conv_panels(const ConvDesc& desc, const GemmKernel& kernel);
void pack_conv_weights(const ConvDesc& desc, const GemmKernel& kernel, const float* weights,
                       const WeightStrides& strides, void* packed, int64_t panel_begin = 0,
                       int64_t panel_end = INT32_MAX);

ConvPlan plan_conv(const ConvDesc& desc, const GemmKernel* kernel, int threads);
void run_conv(const ConvPlan& plan, const ConvArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept;

}  // namespace vireo::cpu
