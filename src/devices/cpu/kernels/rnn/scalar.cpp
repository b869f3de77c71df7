// Recurrent cells for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/rnn/rnn.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/rnn/generic.h"
}  // namespace

const RnnTable& rnn_table() { return kTable; }

}  // namespace vireo::cpu::scalar
