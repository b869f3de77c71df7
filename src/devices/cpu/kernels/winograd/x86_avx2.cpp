// f32 transforms, 8 channels at a time.
#include <cstdint>

#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/winograd/tile.h"

namespace vireo::cpu::avx2 {
namespace {

using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/winograd/generic.h"

}  // namespace

extern const WinogradKernel winograd_f32;
constexpr WinogradKernel winograd_f32 = {
    "winograd_f32_avx2",    DataType::f32,          F::lanes,
    winograd_source<float>, winograd_output<float>, winograd_weights};

}  // namespace vireo::cpu::avx2
