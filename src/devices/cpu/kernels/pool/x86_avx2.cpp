// Pooling for the avx2 tier.
#include "base/simd/avx2.h"

#include "base/simd/convert.h"

#include "devices/cpu/kernels/pool/pool.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/pool/generic.h"
}  // namespace

const PoolTable& pool_table() { return kTable; }

}  // namespace vireo::cpu::avx2
