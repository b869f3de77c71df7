// Pictures for the avx2 tier.
#include "base/simd/avx2.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/image/image.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/image/generic.h"
}  // namespace

void quantise_image(const ImageParams& params, const float* src, uint8_t* dst, int64_t pixels) {
  quantise_planes(params, src, dst, pixels);
}

}  // namespace vireo::cpu::avx2
