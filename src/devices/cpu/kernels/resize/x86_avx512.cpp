// Resampling for the avx512 tier.
#include "base/simd/avx512.h"

#include "devices/cpu/kernels/resize/resize.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/resize/generic.h"
}  // namespace

const ResizeTable& resize_table() { return kTable; }

}  // namespace vireo::cpu::avx512
