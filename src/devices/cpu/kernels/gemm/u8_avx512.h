// Included inside an ISA file's unnamed namespace: sixteen groups of four codes, their products,
// and how sums become codes.
using Codes = __m512i;
using Weights = __m512i;
static VIREO_SIMD Weights load_weights(const int8_t* p) { return _mm512_loadu_si512(p); }
static VIREO_SIMD Codes spread(uint32_t four) { return _mm512_set1_epi32((int)four); }
static VIREO_SIMD F::ints dot(F::ints sums, Codes a, Weights b) {
  return _mm512_dpbusd_epi32(sums.v, a, b);
}

constexpr int kPackedVectors = 4;
// Packing works within 128-bit lanes, so that the groups of four come out interleaved.
template <int count>
static VIREO_SIMD void store_codes(uint8_t* to, const F::ints* sums, int64_t n) {
  const __m512i none = _mm512_setzero_si512();
  const __m512i interleaved =
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i low = _mm512_packs_epi32(sums[0].v, count > 1 ? sums[1].v : none);
  const __m512i high =
      count > 2 ? _mm512_packs_epi32(sums[2].v, count > 3 ? sums[3].v : none) : none;
  const __m512i codes = _mm512_permutexvar_epi32(interleaved, _mm512_packus_epi16(low, high));
  if (count == 4 && n >= 64)
    _mm512_storeu_si512(to, codes);
  else
    _mm512_mask_storeu_epi8(
        to, _bzhi_u64(~uint64_t(0), (unsigned)(n < 16 * count ? n : 16 * count)), codes);
}

#define VIREO_KEEP_SUMS(x) __asm__("" : "+v"((x).v))
