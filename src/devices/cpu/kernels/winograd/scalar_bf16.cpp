// bf16 transforms, 4 channels at a time.
#include <cstdint>

#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/winograd/tile.h"

namespace vireo::cpu::scalar {
namespace {

using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/winograd/generic.h"

}  // namespace

extern const WinogradKernel winograd_bf16;
constexpr WinogradKernel winograd_bf16 = {
    "winograd_bf16_scalar",  DataType::bf16,          F::lanes,
    winograd_source<bf16_t>, winograd_output<bf16_t>, winograd_weights};

}  // namespace vireo::cpu::scalar
