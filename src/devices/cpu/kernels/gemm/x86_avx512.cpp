// f32 tiles of 14 x 32.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx512 {
namespace {

using F = simd::vec<float, 16>;

#include "devices/cpu/kernels/gemm/transpose_avx512.h"

constexpr int kTileRows = 14;
#include "devices/cpu/kernels/gemm/generic.h"
#include "devices/cpu/kernels/gemm/generic_f32.h"

}  // namespace

extern const GemmKernel gemm_f32_14x32;
constexpr GemmKernel gemm_f32_14x32 = make_gemm_f32<2, 3, 3>("gemm_f32_14x32_avx512");

}  // namespace vireo::cpu::avx512
