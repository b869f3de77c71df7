// Rotary embedding for the avx2 tier.
#include "base/simd/avx2.h"

#include "devices/cpu/kernels/rope/rope.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/rope/generic.h"
}  // namespace

const RopeTable& rope_table() { return kTable; }

}  // namespace vireo::cpu::avx2
