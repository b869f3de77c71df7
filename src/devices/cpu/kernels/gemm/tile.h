// The inner kernel of every dense operator: a tile of C is a sum over runs of K. GEMM has one run;
// a convolution has one per tap or per row of taps. Plain declarations only: instruction-set files
// include this.
#pragma once

#include <cstdint>

#include "devices/cpu/kernels/epilogue.h"

namespace vireo::cpu {

// k steps from a + this->a (the same offset in each row of the tile) against rows this->b ... of
// the panel.
struct GemmRun {
  int64_t a, b, k;
};

struct GemmTile {
  const void* a;
  int64_t a_stride;  // from row to row of the tile, in elements
  const GemmRun* runs;
  int64_t run_count;
  const void* b;  // the panel: rows of b_stride elements
  int64_t b_stride;
  int64_t panel_stride;  // from panel to panel, for the wide tiles
  void* c;
  int64_t c_stride;
  int64_t n;        // columns to store; all vectors but the last are full
  bool accumulate;  // start from what C holds (an earlier part of K, not finished)
  bool finish;      // apply the epilogue
  const Epilogue* epilogue;
  EpilogueArgs
      args;  // bias, residual and slope at this tile; bias is the row's if the bias is per row
};

using GemmTileFn = void (*)(const GemmTile&);
// A panel of `width` columns: dst[k][j] = src[k * k_stride + j * n_stride], zero where j >= n.
using GemmPackFn = void (*)(const void* src, int64_t k_stride, int64_t n_stride, int64_t k,
                            int64_t n, int64_t width, void* dst);

constexpr int kMaxTileRows = 16;
constexpr int kMaxTileVectors = 4;
constexpr int kMaxWideRows = 4;

struct GemmKernel {
  const char* name;
  int rows;     // MR: tiles of 1 to MR rows exist
  int lanes;    // columns of a vector
  int columns;  // NR: columns of a full panel, a multiple of lanes
  int a_bytes, b_bytes, c_bytes;
  // [vectors - 1][rows - 1]: a panel may be narrower than NR (the last one is).
  GemmTileFn tile[kMaxTileVectors][kMaxTileRows];
  // [rows - 1]: two and four full panels at once, so that one row keeps the multipliers busy. Null
  // where there is none.
  GemmTileFn wide2[kMaxWideRows];
  GemmTileFn wide4[kMaxWideRows];
  GemmPackFn pack_b;
};

}  // namespace vireo::cpu
