// bf16 tiles of up to 14 pixels.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "base/simd/spread.h"
#include "devices/cpu/kernels/depthwise/tile.h"

namespace vireo::cpu::avx512_bf16 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/depthwise/generic.h"

}  // namespace

extern const DepthwiseKernel depthwise_bf16;
constexpr DepthwiseKernel depthwise_bf16 =
    make_depthwise<bf16_t, 14, true>("depthwise_bf16_avx512_bf16", DataType::bf16);

}  // namespace vireo::cpu::avx512_bf16
