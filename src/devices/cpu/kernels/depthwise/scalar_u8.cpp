// Tiles on 8-bit codes, of up to 4 pixels.
#include <cstdint>

#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "base/simd/spread.h"
#include "devices/cpu/kernels/depthwise/tile.h"

namespace vireo::cpu::scalar {
namespace {

using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/depthwise/generic.h"

}  // namespace

extern const DepthwiseKernel depthwise_u8;
constexpr DepthwiseKernel depthwise_u8 =
    make_depthwise<uint8_t, 4, false>("depthwise_u8_scalar", DataType::u8);

}  // namespace vireo::cpu::scalar
