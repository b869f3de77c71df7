// bf16 tiles of up to 4 pixels.
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

extern const DepthwiseKernel depthwise_bf16;
constexpr DepthwiseKernel depthwise_bf16 =
    make_depthwise<bf16_t, 4, false>("depthwise_bf16_scalar", DataType::bf16);

}  // namespace vireo::cpu::scalar
