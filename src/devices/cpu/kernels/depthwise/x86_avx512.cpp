// f32 tiles of up to 14 pixels.
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

extern const DepthwiseKernel depthwise_f32;
constexpr DepthwiseKernel depthwise_f32 =
    make_depthwise<float, 14, true>("depthwise_f32_avx512", DataType::f32);

}  // namespace vireo::cpu::avx512
