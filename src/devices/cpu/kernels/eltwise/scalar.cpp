// The element-wise primitives for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/eltwise/eltwise.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/eltwise/generic.h"
}  // namespace

const EltwiseTable& eltwise_table() { return kTable; }

}  // namespace vireo::cpu::scalar
