// The element-wise primitives for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/eltwise/eltwise.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/eltwise/generic.h"
}  // namespace

const EltwiseTable& eltwise_table() { return kTable; }

}  // namespace vireo::cpu::avx512
