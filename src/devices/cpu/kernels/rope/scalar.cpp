// Rotary embedding for the scalar tier.
#include "base/simd/scalar.h"

#include "devices/cpu/kernels/rope/rope.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/rope/generic.h"
}  // namespace

const RopeTable& rope_table() { return kTable; }

}  // namespace vireo::cpu::scalar
