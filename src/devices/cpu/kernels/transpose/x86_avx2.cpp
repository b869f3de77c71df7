// Transpositions for the avx2 tier.
#include "base/simd/avx2.h"

#include "devices/cpu/kernels/transpose/transpose.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/transpose/generic.h"
}  // namespace

const TransposeTable& transpose_table() { return kTable; }

}  // namespace vireo::cpu::avx2
