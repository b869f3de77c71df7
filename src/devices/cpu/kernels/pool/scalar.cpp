// Pooling for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/convert.h"

#include "devices/cpu/kernels/pool/pool.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/pool/generic.h"
}  // namespace

const PoolTable& pool_table() { return kTable; }

}  // namespace vireo::cpu::scalar
