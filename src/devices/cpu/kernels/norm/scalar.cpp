// Normalisations for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/norm/norm.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/norm/generic.h"
}  // namespace

const NormTable& norm_table() { return kTable; }

}  // namespace vireo::cpu::scalar
