// f32 tiles of up to 8 pixels.
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

extern const DepthwiseKernel depthwise_f32;
constexpr DepthwiseKernel depthwise_f32 =
    make_depthwise<float, 8, true>("depthwise_f32_avx2", DataType::f32);

}  // namespace vireo::cpu::avx2
