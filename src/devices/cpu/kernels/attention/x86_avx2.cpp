// Attention for the avx2 tier.
#include "base/simd/avx2.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/attention/attention.h"
#include "devices/cpu/kernels/attention/paged.h"

namespace vireo::cpu::avx2 {
namespace {
using F = simd::vec<float, 8>;
#include "devices/cpu/kernels/attention/generic.h"

#include "devices/cpu/kernels/attention/generic_pages.h"

#include "devices/cpu/kernels/attention/generic_paged.h"
}  // namespace

const AttentionTable& attention_table() { return kTable; }
const PagedTable& paged_table() { return kPagedTable; }

}  // namespace vireo::cpu::avx2
