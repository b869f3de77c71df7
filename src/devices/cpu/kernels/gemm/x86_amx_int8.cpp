// Tiles of 32 x 32 of 8-bit codes on AMX.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::amx_int8 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/epilogue_generic.h"
#include "devices/cpu/kernels/gemm/amx_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_32x32;
constexpr GemmKernel gemm_u8_32x32 = make_gemm_amx_u8("gemm_u8_32x32_amx_int8");

}  // namespace vireo::cpu::amx_int8
