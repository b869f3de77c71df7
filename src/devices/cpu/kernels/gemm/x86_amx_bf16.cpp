// bf16 tiles of 32 x 32 on AMX.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::amx_bf16 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/gemm/amx_bf16.h"

}  // namespace

extern const GemmKernel gemm_bf16_32x32;
constexpr GemmKernel gemm_bf16_32x32 = make_gemm_amx_bf16("gemm_bf16_32x32_amx_bf16");

}  // namespace vireo::cpu::amx_bf16
