// Pooling for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/convert.h"

#include "devices/cpu/kernels/pool/pool.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/pool/generic.h"
}  // namespace

const PoolTable& pool_table() { return kTable; }

}  // namespace vireo::cpu::avx512
