// Resampling for the avx2 tier.
#include "base/simd/avx2.h"

#include "devices/cpu/kernels/resize/resize.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/resize/generic.h"
}  // namespace

const ResizeTable& resize_table() { return kTable; }

}  // namespace vireo::cpu::avx2
