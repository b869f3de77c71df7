// bf16 transforms, 16 channels at a time.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/winograd/tile.h"

namespace vireo::cpu::avx512_bf16 {
namespace {

using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/winograd/generic.h"

}  // namespace

extern const WinogradKernel winograd_bf16;
constexpr WinogradKernel winograd_bf16 = {
    "winograd_bf16_avx512_bf16", DataType::bf16,          F::lanes,
    winograd_source<bf16_t>,     winograd_output<bf16_t>, winograd_weights};

}  // namespace vireo::cpu::avx512_bf16
