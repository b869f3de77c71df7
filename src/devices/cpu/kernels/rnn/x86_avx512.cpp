// Recurrent cells for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/rnn/rnn.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/rnn/generic.h"
}  // namespace

const RnnTable& rnn_table() { return kTable; }

}  // namespace vireo::cpu::avx512
