// Pictures for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/image/image.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/image/generic.h"
}  // namespace

void quantise_image(const ImageParams& params, const float* src, uint8_t* dst, int64_t pixels) {
  quantise_planes(params, src, dst, pixels);
}

}  // namespace vireo::cpu::scalar
