// bf16 tiles of 14 x 32 on vdpbf16ps.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx512_bf16 {
namespace {

using F = simd::vec<float, 16>;

#include "devices/cpu/kernels/gemm/pairs_avx512.h"
#include "devices/cpu/kernels/gemm/transpose_avx512.h"

constexpr int kTileRows = 14;
#include "devices/cpu/kernels/gemm/generic.h"
#include "devices/cpu/kernels/gemm/generic_bf16.h"

}  // namespace

extern const GemmKernel gemm_bf16_14x32;
constexpr GemmKernel gemm_bf16_14x32 = make_gemm_bf16<2, 3, 3>("gemm_bf16_14x32_avx512_bf16");

}  // namespace vireo::cpu::avx512_bf16
