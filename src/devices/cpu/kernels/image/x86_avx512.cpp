// Pictures for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/image/image.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/image/generic.h"
}  // namespace

void quantise_image(const ImageParams& params, const float* src, uint8_t* dst, int64_t pixels) {
  quantise_planes(params, src, dst, pixels);
}

}  // namespace vireo::cpu::avx512
