// Attention for the avx512_bf16 tier.
#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/attention/attention.h"

namespace vireo::cpu::avx512_bf16 {
namespace {
using F = simd::vec<float, 16>;
#include "devices/cpu/kernels/attention/generic.h"
#include "devices/cpu/kernels/gemm/pairs_avx512.h"

#include "devices/cpu/kernels/attention/generic_bf16.h"
}  // namespace

const AttentionTable& attention_table() { return kPairTable; }

}  // namespace vireo::cpu::avx512_bf16
