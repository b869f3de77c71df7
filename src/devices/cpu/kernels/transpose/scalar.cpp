// Transpositions for the scalar tier.
#include "base/simd/scalar.h"

#include "devices/cpu/kernels/transpose/transpose.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/transpose/generic.h"
}  // namespace

const TransposeTable& transpose_table() { return kTable; }

}  // namespace vireo::cpu::scalar
