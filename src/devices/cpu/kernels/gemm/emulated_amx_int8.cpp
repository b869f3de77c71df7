// The AMX kernel of codes on emulated tile registers, for the tests: its vector parts are those of
// avx512_vnni.
#define VIREO_EMULATED_TILES
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::emulated_amx_int8 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/epilogue_generic.h"
#include "devices/cpu/kernels/gemm/amx_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_32x32;
constexpr GemmKernel gemm_u8_32x32 = make_gemm_amx_u8("gemm_u8_32x32_amx_int8_emulated");

}  // namespace vireo::cpu::emulated_amx_int8
