// What the u8 tiles of both AVX2 tiers share: storing, and the shape of the tiles.

constexpr int kPackedVectors = 2;
template <int count>
static VIREO_SIMD void store_codes(uint8_t* to, const F::ints* sums, int64_t n) {
  const __m256i words = _mm256_packs_epi32(sums[0].v, sums[count - 1].v);
  const __m256i bytes = _mm256_packus_epi16(words, words);
  // Groups of four: sums 0 and 1 of the low lane, then of the high one.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
  const __m128i codes = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(bytes, order));
  if (n >= 16) return _mm_storeu_si128((__m128i*)to, codes);
  uint8_t all[16];
  _mm_storeu_si128((__m128i*)all, codes);
  for (int64_t i = 0; i < n; ++i) to[i] = all[i];
}

#define VIREO_KEEP_SUMS(x) __asm__("" : "+x"((x).v))
constexpr int kTileRows[] = {8, kWideRows};
