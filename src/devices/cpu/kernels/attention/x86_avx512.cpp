// Attention for the avx512 tier.
#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/attention/attention.h"
#include "devices/cpu/kernels/attention/paged.h"

namespace vireo::cpu::avx512 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/attention/generic.h"

#include "devices/cpu/kernels/attention/generic_pages.h"

#include "devices/cpu/kernels/attention/generic_paged.h"
}  // namespace

const AttentionTable& attention_table() { return kTable; }
const PagedTable& paged_table() { return kPagedTable; }

}  // namespace vireo::cpu::avx512
