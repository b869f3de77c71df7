// bf16 on tile registers, real or emulated. Included inside an ISA file's unnamed namespace.
constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/pairs_avx512.h"
#include "devices/cpu/kernels/gemm/transpose_avx512.h"

#include "devices/cpu/kernels/gemm/generic.h"
#include "devices/cpu/kernels/gemm/generic_bf16.h"
#include "devices/cpu/kernels/gemm/tiles_amx.h"

constexpr int kElementBytes = 2;
#define VIREO_TILE_DOT VIREO_TILE_DOT_BF16
using Sum = float;
using Sums = F;
template <int MR, int V>
static VIREO_SIMD void finish_sums(const GemmTile& t, F (&acc)[MR][V]) {
  if (t.accumulate) add_partial(t, acc);
  if (!t.finish) return store_sums(acc, static_cast<float*>(t.c), t.c_stride, t.n);
  if (t.c_type == DataType::bf16) return finish_tile<bf16_t>(t, acc);
  finish_tile<float>(t, acc);
}
#include "devices/cpu/kernels/gemm/generic_amx.h"

constexpr GemmKernel make_gemm_amx_bf16(const char* name) {
  return on_tiles(make_gemm_bf16<2, 3, 3>(name), kTileRows);
}
