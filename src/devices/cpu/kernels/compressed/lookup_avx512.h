// Included inside an ISA file's unnamed namespace: tables of 16 codes in a register.
constexpr int kColumns[kTileSizes] = {4, 2, 1};
constexpr bool kLooksUp = true;
using Table = F;
struct Bytes {
  __m512i v;
};
static VIREO_SIMD Table load_table(const float* p) { return F::load(p); }
static VIREO_SIMD Bytes load_bytes(const uint8_t* p) {
  return {_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i*)p))};
}
static VIREO_SIMD F lookup(F::ints codes, Table table) {
  return _mm512_permutexvar_ps(codes.v, table.v);
}
static VIREO_SIMD F::ints lookup_bytes(F::ints codes, Bytes bytes) {
  return _mm512_shuffle_epi8(bytes.v, codes.v);
}
