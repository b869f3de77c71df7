// Normalisations for the avx2 tier.
#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/norm/norm.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/norm/generic.h"
}  // namespace

const NormTable& norm_table() { return kTable; }

}  // namespace vireo::cpu::avx2
