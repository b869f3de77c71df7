// Recurrent cells for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/rnn/panel.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
constexpr int kRows = 3, kBlocks = 2;
#include "devices/cpu/kernels/rnn/generic.h"
}  // namespace

constexpr RnnKernel rnn_f32 = make_rnn("rnn_f32_avx512");

}  // namespace vireo::cpu::avx512
