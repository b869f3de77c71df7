// Compressed products on AVX-512 VNNI, decoded by the conversion to bf16 for many rows.
#include <cstdint>

#include "base/simd/avx512.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/compressed/compressed.h"

namespace vireo::cpu::avx512_bf16 {
namespace {

using F = simd::vec<float, 16>;

#include "devices/cpu/kernels/compressed/lookup_avx512.h"

template <int Bits>
static VIREO_SIMD F::ints dot4(F::ints sums, F::ints codes, int32_t four) {
  return _mm512_dpbusd_epi32(sums.v, codes.v, _mm512_set1_epi32(four));
}

constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/generic.h"

#include "devices/cpu/kernels/compressed/generic.h"

}  // namespace

extern const CompressedKernel compressed_kernel;
constexpr CompressedKernel compressed_kernel = make_compressed("avx512_bf16");

}  // namespace vireo::cpu::avx512_bf16
