// bf16 tiles of 4 x 8, in f32 arithmetic.
#include <cstdint>

#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::scalar {
namespace {

using F = simd::vec<float, 4>;

using Pairs = simd::vec<int32_t, 4>;
static VIREO_SIMD Pairs load_pairs(const uint16_t* p) { return Pairs::load((const int32_t*)p); }
static VIREO_SIMD Pairs spread(uint32_t pair) { return Pairs((int32_t)pair); }
static VIREO_SIMD F low_of(Pairs p) { return simd::as_float(simd::shl<16>(p)); }
static VIREO_SIMD F high_of(Pairs p) { return simd::as_float(p & Pairs((int32_t)0xffff0000)); }
static VIREO_SIMD F dot(F sums, Pairs a, Pairs b) {
  return fma(high_of(a), high_of(b), fma(low_of(a), low_of(b), sums));
}

// to[k][j] = from[j][k] for four k and a vector of j.
static VIREO_SIMD void transpose_four(const float* from, int64_t stride, float* to, int64_t width) {
  for (int64_t k = 0; k < 4; ++k) {
    for (int64_t j = 0; j < 4; ++j) to[k * width + j] = from[j * stride + k];
  }
}

constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/generic.h"
#include "devices/cpu/kernels/gemm/generic_bf16.h"

}  // namespace

extern const GemmKernel gemm_bf16_4x8;
constexpr GemmKernel gemm_bf16_4x8 = make_gemm_bf16<2, 1, 0>("gemm_bf16_4x8_scalar");

}  // namespace vireo::cpu::scalar
