// Attention for the scalar tier.
#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/attention/attention.h"
#include "devices/cpu/kernels/attention/paged.h"

namespace vireo::cpu::scalar {
namespace {
using F = simd::vec<float, 4>;
#include "devices/cpu/kernels/attention/generic.h"

#include "devices/cpu/kernels/attention/generic_pages.h"

#include "devices/cpu/kernels/attention/generic_paged.h"
}  // namespace

const AttentionTable& attention_table() { return kTable; }
const PagedTable& paged_table() { return kPagedTable; }

}  // namespace vireo::cpu::scalar
