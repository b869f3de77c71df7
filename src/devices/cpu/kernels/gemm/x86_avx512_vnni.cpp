// u8 tiles of 6 x 64 on vpdpbusd.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::avx512_vnni {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/epilogue_generic.h"

#include "devices/cpu/kernels/gemm/u8_avx512.h"

constexpr int kTileRows[] = {14, 12, 8, 6};
#include "devices/cpu/kernels/gemm/generic_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_6x64;
constexpr GemmKernel gemm_u8_6x64 = make_gemm_u8<4, 2>("gemm_u8_6x64_avx512_vnni");

}  // namespace vireo::cpu::avx512_vnni
