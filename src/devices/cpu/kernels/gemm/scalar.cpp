// f32 tiles of 4 x 8.
#include <cstdint>

#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::scalar {
namespace {

using F = simd::vec<float, 4>;

// to[k][j] = from[j][k] for four k and a vector of j.
static VIREO_SIMD void transpose_four(const float* from, int64_t stride, float* to, int64_t width) {
  for (int64_t k = 0; k < 4; ++k) {
    for (int64_t j = 0; j < 4; ++j) to[k * width + j] = from[j * stride + k];
  }
}

constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/generic.h"
#include "devices/cpu/kernels/gemm/generic_f32.h"

}  // namespace

extern const GemmKernel gemm_f32_4x8;
constexpr GemmKernel gemm_f32_4x8 = make_gemm_f32<2, 1, 0>("gemm_f32_4x8_scalar");

}  // namespace vireo::cpu::scalar
