// The inner kernel of depthwise convolutions: up to `pixels` neighbours of a line, all channels.
// Plain declarations only.
#pragma once

#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"
#include "devices/cpu/kernels/epilogue.h"

namespace vireo::cpu {

// `count` taps that lie `step` apart in the source, the first at `src`; their weights are rows
// `weight` and following.
struct DepthwiseRun {
  int64_t src;
  int64_t weight, count;
  int64_t step;
};

struct DepthwiseTile {
  const void* src;
  int64_t src_step;  // from pixel to pixel of the tile
  const DepthwiseRun* runs;
  int64_t run_count;
  const float* weights;  // [taps][channels of a group][weight_stride]
  int64_t weight_stride;
  void* dst;
  int64_t dst_step;
  int64_t channels;
  float src_zero = 0;  // of codes
  // For tiles by rows: of the source pixels 0 .. (pixels - 1) * stride + taps of a run, those that
  // exist.
  int64_t source_begin, source_end;
  const Epilogue* epilogue;
  EpilogueArgs args;  // bias, residual and slope at this tile
};

using DepthwiseFn = void (*)(const DepthwiseTile&);

constexpr int kMaxDepthwisePixels = 14;
constexpr int kMaxRowTaps = 7, kMaxRowStride = 2;
constexpr int kMaxGroupedPixels = 8, kGroupWidths = 3;

struct DepthwiseKernel {
  const char* name;
  DataType type;  // of the images
  int pixels;     // of the widest tile
  int lanes;
  DepthwiseFn any[kMaxDepthwisePixels];  // [pixels - 1]
  // [stride - 1][row taps][pixels - 1]: every run has this many taps, `stride` of which lie between
  // pixels. A source pixel is read once for all the outputs that it meets; those beyond the image's
  // edges are left out. Null where there is none.
  DepthwiseFn rows[kMaxRowStride][kMaxRowTaps + 1][kMaxDepthwisePixels];
  // [log2(channels of a group) - 1][pixels - 1], any taps, not of codes; null where a group has
  // more channels than a vector.
  int grouped_pixels;
  DepthwiseFn grouped[kGroupWidths][kMaxGroupedPixels];
};

}  // namespace vireo::cpu
