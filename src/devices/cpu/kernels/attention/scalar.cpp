// Attention for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/attention/attention.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/attention/generic.h"
}  // namespace

const AttentionTable& attention_table() { return kTable; }

}  // namespace vireo::cpu::scalar
