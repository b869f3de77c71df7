// Tiles on 8-bit codes, of up to 14 pixels.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "base/simd/spread.h"
#include "devices/cpu/kernels/depthwise/tile.h"

namespace vireo::cpu::avx512 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/depthwise/generic.h"

}  // namespace

extern const DepthwiseKernel depthwise_u8;
constexpr DepthwiseKernel depthwise_u8 =
    make_depthwise<uint8_t, 14, true>("depthwise_u8_avx512", DataType::u8);

}  // namespace vireo::cpu::avx512
