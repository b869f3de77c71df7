// Softmax for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/softmax/softmax.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/softmax/generic.h"
}  // namespace

const SoftmaxTable& softmax_table() { return kTable; }

}  // namespace vireo::cpu::scalar
