// Rotary embedding for the avx512 tier.
#include "base/simd/avx512.h"

#include "devices/cpu/kernels/rope/rope.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/rope/generic.h"
}  // namespace

const RopeTable& rope_table() { return kTable; }

}  // namespace vireo::cpu::avx512
