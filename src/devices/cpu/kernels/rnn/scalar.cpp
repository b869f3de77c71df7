// Recurrent cells for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/rnn/panel.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
constexpr int kRows = 2, kBlocks = 1;
#include "devices/cpu/kernels/rnn/generic.h"
}  // namespace

constexpr RnnKernel rnn_f32 = make_rnn("rnn_f32_scalar");

}  // namespace vireo::cpu::scalar
