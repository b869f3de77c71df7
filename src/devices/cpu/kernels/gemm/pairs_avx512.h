// Included inside an ISA file's unnamed namespace: sixteen pairs of bf16 and their products.
using Pairs = __m512bh;
static VIREO_SIMD Pairs load_pairs(const uint16_t* p) { return (Pairs)_mm512_loadu_si512(p); }
static VIREO_SIMD Pairs spread(uint32_t pair) { return (Pairs)_mm512_set1_epi32((int)pair); }
static VIREO_SIMD F dot(F sums, Pairs a, Pairs b) { return _mm512_dpbf16_ps(sums.v, a, b); }
