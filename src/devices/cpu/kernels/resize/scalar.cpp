// Resampling for the scalar tier.
#include "base/simd/scalar.h"

#include "devices/cpu/kernels/resize/resize.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/resize/generic.h"
}  // namespace

const ResizeTable& resize_table() { return kTable; }

}  // namespace vireo::cpu::scalar
