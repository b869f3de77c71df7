// f32 transforms, 16 channels at a time.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/winograd/tile.h"

namespace vireo::cpu::avx512 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/winograd/generic.h"

}  // namespace

extern const WinogradKernel winograd_f32;
constexpr WinogradKernel winograd_f32 = {
    "winograd_f32_avx512",  DataType::f32,          F::lanes,
    winograd_source<float>, winograd_output<float>, winograd_weights};

}  // namespace vireo::cpu::avx512
