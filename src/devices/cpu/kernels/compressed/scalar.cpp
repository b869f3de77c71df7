// Compressed products in plain C++.
#include <cstdint>

#include "base/simd/scalar.h"

#include "base/simd/convert.h"
#include "base/simd/math.h"
#include "devices/cpu/kernels/compressed/compressed.h"

namespace vireo::cpu::scalar {
namespace {

using F = simd::vec<float, 4>;

constexpr int kColumns[kTileSizes] = {4, 2, 0};
constexpr bool kLooksUp = false;
using Table = const float*;
using Bytes = const uint8_t*;
static VIREO_SIMD Table load_table(const float* p) { return p; }
static VIREO_SIMD Bytes load_bytes(const uint8_t* p) { return p; }
static VIREO_SIMD F lookup(F::ints codes, Table table) { return F::gather(table, codes); }
static VIREO_SIMD F::ints lookup_bytes(F::ints codes, Bytes bytes) {
  uint8_t b[16];
  __builtin_memcpy(b, &codes.v, 16);
  for (uint8_t& x : b) x = bytes[x];
  __builtin_memcpy(&codes.v, b, 16);
  return codes;
}
template <int Bits>
static VIREO_SIMD F::ints dot4(F::ints sums, F::ints codes, int32_t four) {
  const F::ints byte(0xff);
  const auto x = [&](int i) { return F::ints(static_cast<int8_t>(four >> 8 * i)).v; };
  return F::ints(sums.v + (codes & byte).v * x(0) + (simd::sar<8>(codes) & byte).v * x(1) +
                 (simd::sar<16>(codes) & byte).v * x(2) + (simd::sar<24>(codes) & byte).v * x(3));
}

constexpr int kTileRows = 4;
#include "devices/cpu/kernels/gemm/generic.h"

#include "devices/cpu/kernels/compressed/generic.h"

}  // namespace

extern const CompressedKernel compressed_kernel;
constexpr CompressedKernel compressed_kernel = make_compressed("scalar");

}  // namespace vireo::cpu::scalar
