// 8-bit codes on tile registers, real or emulated. Included inside an ISA file's unnamed namespace.
// The sums are exact, so that rows have the same bits in any company.
#include "devices/cpu/kernels/gemm/u8_avx512.h"

constexpr int kTileRows[] = {4, 4};
#include "devices/cpu/kernels/gemm/generic_u8.h"
#include "devices/cpu/kernels/gemm/tiles_amx.h"

constexpr int kElementBytes = 1;
#define VIREO_TILE_DOT VIREO_TILE_DOT_U8
using Sum = int32_t;
using Sums = I;
template <int MR, int V>
static VIREO_SIMD void finish_sums(const GemmTile& t, I (&acc)[MR][V]) {
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) acc[i][j] = acc[i][j] + I::load(t.args.start + j * F::lanes);
  }
  if (t.c_type == DataType::u8) return finish_tile<uint8_t>(t, acc);
  finish_tile<float>(t, acc);
}
#include "devices/cpu/kernels/gemm/generic_amx.h"

constexpr GemmKernel make_gemm_amx_u8(const char* name) {
  return on_tiles(make_gemm_u8<2, 2>(name), kTileRows[0]);
}
