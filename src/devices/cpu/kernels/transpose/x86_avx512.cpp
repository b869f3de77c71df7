// Transpositions for the avx512 tier.
#include "base/simd/avx512.h"

#include "devices/cpu/kernels/transpose/transpose.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/transpose/generic.h"
}  // namespace

const TransposeTable& transpose_table() { return kTable; }

}  // namespace vireo::cpu::avx512
