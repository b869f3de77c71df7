// u8 tiles of 4 x 8.
#include <cstdint>

#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/gemm/tile.h"

namespace vireo::cpu::scalar {
namespace {

using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/epilogue_generic.h"

using Codes = F::ints;
using Weights = F::ints;
static VIREO_SIMD Weights load_weights(const int8_t* p) { return Weights::load((const int32_t*)p); }
static VIREO_SIMD Codes spread(uint32_t four) { return Codes((int32_t)four); }
static VIREO_SIMD F::ints dot(F::ints sums, Codes a, Weights b) {
  for (int i = 0; i < F::lanes; ++i) {
    for (int k = 0; k < 32; k += 8)
      sums.v[i] += (int32_t)((uint32_t)a.v[i] >> k & 0xff) * (int8_t)(b.v[i] >> k);
  }
  return sums;
}

constexpr int kPackedVectors = 1;
template <int count>
static VIREO_SIMD void store_codes(uint8_t* to, const F::ints* sums, int64_t n) {
  for (int64_t i = 0; i < (n < F::lanes ? n : F::lanes); ++i) {
    const int32_t x = sums[0].v[i];
    to[i] = (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
  }
}

#define VIREO_KEEP_SUMS(x) (void)(x)
constexpr int kTileRows[] = {4, 4};
#include "devices/cpu/kernels/gemm/generic_u8.h"

}  // namespace

extern const GemmKernel gemm_u8_4x8;
constexpr GemmKernel gemm_u8_4x8 = make_gemm_u8<2, 2>("gemm_u8_4x8_scalar");

}  // namespace vireo::cpu::scalar
