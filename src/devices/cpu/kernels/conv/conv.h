// Convolution and transposed convolution, channels last, in one to three spatial dimensions, with groups.
//
// The output is cut into lines: runs of pixels, along one dimension, that have the same valid taps. A tile of a line is then a
// matrix product whose K is made of runs, one per tap (or per row of taps, where neighbouring pixels touch). Nothing is copied or
// masked: padded taps are left out. A transposed convolution differs only in how taps and pixels meet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {

constexpr int kMaxSpatial = 3;

// Element strides of an image. Channels are next to each other, except in a planar source (channel != 1).
struct ImageStrides {
  int64_t batch = 0;
  int64_t spatial[kMaxSpatial] = {};
  int64_t channel = 1;
};
// Channels last with `row` elements from pixel to pixel (the channels, or more if the image is a slice of a wider one).
ImageStrides dense_strides(int dims, const int64_t* size, int64_t row);
// Channels first: [batch, channels, spatial...].
ImageStrides planar_strides(int dims, const int64_t* size, int64_t channels);

struct ConvDesc {
  int dims = 2;
  int64_t batch = 1, groups = 1;
  int64_t ic = 0, oc = 0;  // of all groups together
  int64_t in[kMaxSpatial] = {1, 1, 1}, out[kMaxSpatial] = {1, 1, 1};
  int64_t kernel[kMaxSpatial] = {1, 1, 1}, stride[kMaxSpatial] = {1, 1, 1}, dilation[kMaxSpatial] = {1, 1, 1};
  int64_t pad[kMaxSpatial] = {};  // before; what is after follows from `out`
  bool transposed = false;
  ImageStrides src, dst, residual;
  Epilogue epilogue;
};

// weights(group, output channel in the group, input channel in the group, tap...) in elements.
struct WeightStrides {
  int64_t group = 0, oc = 0, ic = 0;
  int64_t tap[kMaxSpatial] = {};
};
// [groups, oc, ic, taps...] dense; for a transposed convolution [groups, ic, oc, taps...].
WeightStrides dense_weights(const ConvDesc& desc);

// A line: `count` pixels of the class's kind. Offsets in elements from pixel 0 of one image.
struct ConvLine {
  int64_t src, dst, residual;
  int32_t count;
  int32_t kind;
};
// What lines share: their valid taps, and the steps from pixel to pixel.
struct ConvLineKind {
  int32_t run_begin, run_count;
  int64_t src_step, dst_step, residual_step;
};

struct ConvPlan {
  ConvDesc desc;
  const GemmKernel* kernel = nullptr;
  int64_t tasks = 0;  // batch * groups * n_parts * line_parts
  size_t scratch_bytes = 0;
  bool pointwise = false;  // the whole is one matrix product
  GemmPlan gemm;
  std::vector<GemmRun> runs;
  std::vector<ConvLineKind> kinds;
  std::vector<ConvLine> lines;
  std::vector<int64_t> line_parts;  // first line of each part, and the end
  int64_t n_parts = 1;
  int64_t lines_per_block = 1;      // whose source stays in L2 while all panels sweep it
  size_t group_bytes = 0;           // packed weights of one group
};

struct ConvArgs {
  const void* src = nullptr;
  const void* weights = nullptr;
  void* dst = nullptr;
  const float* bias = nullptr;  // [oc]
  const float* residual = nullptr;
  const float* slope = nullptr;  // [oc]
};

// Depends on channels, groups, taps, `src.channel` and the kernel; not on sizes, strides or padding.
size_t conv_packed_bytes(const ConvDesc& desc, const GemmKernel& kernel);
void pack_conv_weights(const ConvDesc& desc, const GemmKernel& kernel, const float* weights, const WeightStrides& strides, void* packed);

ConvPlan plan_conv(const ConvDesc& desc, const GemmKernel* kernel, int threads);
void run_conv(const ConvPlan& plan, const ConvArgs& args, int64_t task_begin, int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
