// The geometry of convolutions, shared by conv and depthwise: what is computed, and how its output
// falls into lines of pixels.
//
// A line is a run of pixels, along one dimension, that have the same valid taps: so nothing is
// padded, copied or masked. A transposed convolution differs only in how taps and pixels meet.
#pragma once

#include <cstdint>
#include <vector>

#include "devices/cpu/kernels/eltwise/types.h"
#include "devices/cpu/kernels/epilogue.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu {

constexpr int kMaxSpatial = 3;

// Element strides of an image. Channels are next to each other, except in a planar source (channel
// != 1).
struct ImageStrides {
  int64_t batch = 0;
  int64_t spatial[kMaxSpatial] = {};
  int64_t channel = 1;
};
// Channels last with `row` elements from pixel to pixel (the channels, or more if the image is a
// slice of a wider one).
ImageStrides dense_strides(int dims, const int64_t* size, int64_t row);
// Channels first: [batch, channels, spatial...].
ImageStrides planar_strides(int dims, const int64_t* size, int64_t channels);

struct ConvDesc {
  int dims = 2;
  int64_t batch = 1, groups = 1;
  int64_t ic = 0, oc = 0;  // of all groups together
  int64_t in[kMaxSpatial] = {1, 1, 1}, out[kMaxSpatial] = {1, 1, 1};
  int64_t kernel[kMaxSpatial] = {1, 1, 1}, stride[kMaxSpatial] = {1, 1, 1},
          dilation[kMaxSpatial] = {1, 1, 1};
  int64_t pad[kMaxSpatial] = {};  // before; what is after follows from `out`
  bool transposed = false;
  // What the images are stored in: f32, bf16 or u8. The residual has the type of the output.
  DataType src_type = DataType::f32, dst_type = DataType::f32;
  float src_zero = 0;  // of u8, where the kernel takes it off itself (depthwise)
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
  int32_t first;  // its place in the class, in pixels
};
// What lines share: their valid taps, and the steps from pixel to pixel.
struct ConvLineKind {
  int32_t run_begin, run_count;
  int64_t src_step, dst_step, residual_step;
};

struct ConvLines {
  std::vector<GemmRun>
      runs;  // of all kinds: offsets in the source, first row of the packed weights, length
  std::vector<ConvLineKind> kinds;
  std::vector<ConvLine> lines;  // in the order of the image
};

// Lines for tiles of up to `rows` pixels; runs are over `ic` channels per tap (1 for depthwise).
// `along` is the dimension that lines follow; -1: whichever is cheapest.
ConvLines make_lines(const ConvDesc& desc, int64_t rows, int64_t ic, int along = -1);
// The first line of each of `parts` parts of about the same cost, and the end; *share is the
// largest part's cost over the mean.
std::vector<int64_t> cut_lines(const ConvLines& lines, int64_t parts, double* share);

}  // namespace vireo::cpu
