// Recurrent cells for the avx2 tier.
#include "base/simd/avx2.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/rnn/panel.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
constexpr int kRows = 2, kBlocks = 1;
#include "devices/cpu/kernels/rnn/generic.h"
}  // namespace

constexpr RnnKernel rnn_f32 = make_rnn("rnn_f32_avx2");

}  // namespace vireo::cpu::avx2
