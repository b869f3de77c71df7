// Included inside an ISA file's unnamed namespace: columns to rows, for packing.

// to[k][j] = from[j][k] for four k and a vector of j. Each 128-bit lane gets four rows' four values
// and turns them over.
static VIREO_SIMD __m512 load_lanes(const float* p, int64_t stride) {
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(p));
  v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 4 * stride), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 8 * stride), 2);
  return _mm512_insertf32x4(v, _mm_loadu_ps(p + 12 * stride), 3);
}
static VIREO_SIMD void transpose_four(const float* from, int64_t stride, float* to, int64_t width) {
  const __m512 r0 = load_lanes(from, stride), r1 = load_lanes(from + stride, stride);
  const __m512 r2 = load_lanes(from + 2 * stride, stride),
               r3 = load_lanes(from + 3 * stride, stride);
  const __m512 a = _mm512_unpacklo_ps(r0, r1), b = _mm512_unpackhi_ps(r0, r1);
  const __m512 c = _mm512_unpacklo_ps(r2, r3), d = _mm512_unpackhi_ps(r2, r3);
  _mm512_storeu_ps(to, _mm512_shuffle_ps(a, c, 0x44));
  _mm512_storeu_ps(to + width, _mm512_shuffle_ps(a, c, 0xee));
  _mm512_storeu_ps(to + 2 * width, _mm512_shuffle_ps(b, d, 0x44));
  _mm512_storeu_ps(to + 3 * width, _mm512_shuffle_ps(b, d, 0xee));
}
