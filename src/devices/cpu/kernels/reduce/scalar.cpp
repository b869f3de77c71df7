// Reductions for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/reduce/reduce.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/reduce/generic.h"
}  // namespace

const ReduceTable& reduce_table() { return kTable; }

}  // namespace vireo::cpu::scalar
