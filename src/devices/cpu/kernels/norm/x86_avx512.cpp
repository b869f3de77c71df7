// Normalisations for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/norm/norm.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/norm/generic.h"
}  // namespace

const NormTable& norm_table() { return kTable; }

}  // namespace vireo::cpu::avx512
