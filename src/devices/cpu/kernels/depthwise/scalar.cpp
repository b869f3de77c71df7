// f32 tiles of up to 4 pixels.
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

extern const DepthwiseKernel depthwise_f32;
constexpr DepthwiseKernel depthwise_f32 =
    make_depthwise<float, 4, false>("depthwise_f32_scalar", DataType::f32);

}  // namespace vireo::cpu::scalar
