// The inner kernel of every dense operator: a tile of C is a sum over runs of K. GEMM has one run;
// a convolution has one per tap or per row of taps. Plain declarations only: instruction-set files
// include this.
#pragma once

#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"
#include "devices/cpu/kernels/epilogue.h"

namespace vireo::cpu {

// k steps from a + this->a (the same offset in each row of the tile) against rows this->b ... of
// the panel. Where a kernel packs rows in groups a run may still begin and end within a group.
struct GemmRun {
  int64_t a, b, k;
};

struct GemmTile {
  int rows;
  const void* a;
  int64_t a_stride;  // from row to row of the tile, in elements
  const GemmRun* runs;
  int64_t run_count;
  const void* b;  // the panel: rows of b_stride elements
  int64_t b_stride;
  int64_t panel_stride;  // from panel to panel, for the wide tiles
  // What a later tile will read is brought to L2: each row of the panel asks for one line, at
  // next, next + next_step ... Null: nothing.
  const char* next = nullptr;
  int64_t next_step = 0;
  void* c;
  int64_t c_stride;
  DataType c_type;  // of C and the residual: one that the kernel stores
  int64_t n;        // columns to store; all vectors but the last are full
  bool accumulate;  // start from what C holds (an earlier part of K, not finished; f32 only)
  bool finish;      // apply the epilogue
  const Epilogue* epilogue;
  EpilogueArgs
      args;  // bias, residual and slope at this tile; bias is the row's if the bias is per row
};

using GemmTileFn = void (*)(const GemmTile&);
// A panel of `width` columns: dst[k][j] = src[k * k_stride + j * n_stride], zero where j >= n; rows
// in groups of k_group: dst[k / group][j][k % group], zero in rows beyond k.
using GemmPackFn = void (*)(const void* src, int64_t k_stride, int64_t n_stride, int64_t k,
                            int64_t n, int64_t width, void* dst);

constexpr int kMaxTileRows = 32;
constexpr int kMaxTileVectors = 4;
constexpr int kMaxWideRows = 4;

struct GemmKernel {
  const char* name;
  DataType a_type, b_type;  // of the operands; sums are f32
  int rows;                 // MR: tiles of 1 to MR rows exist
  int lanes;                // columns of a vector
  int columns;              // NR: columns of a full panel, a multiple of lanes
  int k_group;              // rows of B that lie beside one another in a packed panel
  bool stores_bf16;         // C may be bf16 besides f32
  bool whole_tiles;         // rows are cut into tiles of MR and a rest, not into even tiles
  // [vectors - 1][rows - 1]: a panel may be narrower than NR (the last one is).
  GemmTileFn tile[kMaxTileVectors][kMaxTileRows];
  // [rows - 1]: two and four full panels at once, so that one row keeps the multipliers busy. Null
  // where there is none.
  GemmTileFn wide2[kMaxWideRows];
  GemmTileFn wide4[kMaxWideRows];
  GemmPackFn pack_b;        // from b_type, while running
  GemmPackFn pack_weights;  // from f32, beforehand
  // Around the tasks of a thread, where the tiles need it of the thread; or null.
  void (*enter)();
  void (*leave)();

  // If not 0: how many rows a tile of so many vectors may have, where few vectors leave registers
  // for more than `rows`.
  int narrow_rows[kMaxTileVectors];

  int rows_of(int64_t vectors) const {
    return narrow_rows[vectors - 1] ? narrow_rows[vectors - 1] : rows;
  }
  int64_t a_bytes() const { return size_of(a_type); }
  int64_t b_bytes() const { return size_of(b_type); }
  int64_t padded_k(int64_t k) const { return (k + k_group - 1) / k_group * k_group; }
  // The first row of tile i of `tiles` that `count` rows are cut into.
  int64_t tile_begin(int64_t count, int64_t tiles, int64_t i) const {
    if (!whole_tiles) return count / tiles * i + (i < count % tiles ? i : count % tiles);
    return i * rows < count ? i * rows : count;
  }
};

// A thread inside a kernel's enter and leave.
class GemmThread {
 public:
  explicit GemmThread(const GemmKernel& kernel) : leave_(kernel.leave) {
    if (kernel.enter) kernel.enter();
  }
  ~GemmThread() {
    if (leave_) leave_();
  }
  GemmThread(const GemmThread&) = delete;
  GemmThread& operator=(const GemmThread&) = delete;

 private:
  void (*leave_)();
};

}  // namespace vireo::cpu
