// f32 tiles of 6 x 16.
#include <cstdint>

#include "base/simd/avx2.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx2 {
namespace {

using F = simd::vec<float, 8>;
constexpr int kTileRows = 6;
#include "devices/cpu/kernels/epilogue_generic.h"
#include "devices/cpu/kernels/gemm/generic.h"

}  // namespace

extern const GemmKernel gemm_f32_6x16;
constexpr GemmKernel gemm_f32_6x16 = make_gemm_f32<2, 2, 1>("gemm_f32_6x16_avx2");

}  // namespace vireo::cpu::avx2
