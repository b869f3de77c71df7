// The transforms of Winograd convolution F(4x4, 3x3). Plain declarations only: instruction-set
// files include this.
#pragma once

#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"
#include "devices/cpu/kernels/epilogue.h"

namespace vireo::cpu {

constexpr int kWinogradOut = 4;  // outputs of a tile in each direction
constexpr int kWinogradIn = 6;   // inputs that they meet
constexpr int kWinogradPoints = kWinogradIn * kWinogradIn;

// A tile of the source, 6 x 6 pixels of all channels, to its 36 points.
struct WinogradSource {
  const void* src;
  int64_t row_step, pixel_step;
  // Pixels that exist; the others are zero.
  int row_begin, row_end, pixel_begin, pixel_end;
  float* points;  // points + p * point_step: a row of channels
  int64_t point_step;
  int64_t channels;
};

// The 36 points of a tile to up to 4 x 4 pixels, with the epilogue.
struct WinogradOutput {
  const float* points;
  int64_t point_step;
  void* dst;
  int64_t row_step, pixel_step;
  int rows, pixels;  // that exist
  int64_t channels;
  const Epilogue* epilogue;
  EpilogueArgs args;  // residual_stride is from pixel to pixel
  int64_t residual_row_step;
};

// The nine taps of `count` weights to their 36 points: element i of tap t is taps[t * count + i].
struct WinogradWeights {
  const float* taps;
  float* points;  // points + p * point_step
  int64_t point_step;
  int64_t count;
};

struct WinogradKernel {
  const char* name;
  DataType type;  // of the images
  int lanes;
  void (*source)(const WinogradSource&);
  void (*output)(const WinogradOutput&);
  void (*weights)(const WinogradWeights&);
};

}  // namespace vireo::cpu
