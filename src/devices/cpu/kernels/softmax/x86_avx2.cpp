// Softmax for the avx2 tier.
#include "base/simd/avx2.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/softmax/softmax.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/softmax/generic.h"
}  // namespace

const SoftmaxTable& softmax_table() { return kTable; }

}  // namespace vireo::cpu::avx2
