// Softmax for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/softmax/softmax.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/softmax/generic.h"
}  // namespace

const SoftmaxTable& softmax_table() { return kTable; }

}  // namespace vireo::cpu::avx512
