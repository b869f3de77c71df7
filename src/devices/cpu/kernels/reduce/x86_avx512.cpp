// Reductions for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/math.h"
#include "devices/cpu/kernels/reduce/reduce.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/reduce/generic.h"
}  // namespace

const ReduceTable& reduce_table() { return kTable; }

}  // namespace vireo::cpu::avx512
