// Tiles on 8-bit codes, of up to 8 pixels.
#include <cstdint>

#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "base/simd/spread.h"
#include "devices/cpu/kernels/depthwise/tile.h"

namespace vireo::cpu::avx2 {
namespace {

using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/depthwise/generic.h"

}  // namespace

extern const DepthwiseKernel depthwise_u8;
constexpr DepthwiseKernel depthwise_u8 =
    make_depthwise<uint8_t, 8, false>("depthwise_u8_avx2", DataType::u8);

}  // namespace vireo::cpu::avx2
