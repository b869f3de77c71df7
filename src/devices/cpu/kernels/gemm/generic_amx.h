// Tiles of 32 x 32 on tile registers; after tiles_amx.h and what makes the vector kernel, on
// sixteen lanes, and
//   kElementBytes                of A and B
//   VIREO_TILE_DOT(c, a, b)      the product of two tiles
//   Sum, Sums                    what a tile of C holds, float or int32_t, and a vector of it
//   finish_sums<MR, V>(t, acc)   what is done with the sums of some rows
// Panels are those of the vector kernel: four bytes of K (two bf16, four codes) of 16 columns are a
// tile's row.
//
// Sums are tiles 0 to 3, A is 4 and 5, B is 6 and 7. A is read where it lies; runs that do not fill
// a step of 64 bytes, and blocks of fewer than 32 rows, go by a copy padded with zeros.

constexpr int kStepBytes = 64, kGroupBytes = 4, kBlockRows = 32;

struct AmxStep {
  alignas(64) uint8_t a[kBlockRows][kStepBytes];
  alignas(64) uint8_t b[kStepBytes / kGroupBytes][2 * 64];
};

// Bytes [first, last) of each row's step; zeros around and below.
static VIREO_SIMD void stage_a(const uint8_t* from, int64_t stride, int rows, int first, int last,
                               AmxStep& step) {
  const __mmask64 there = (~uint64_t{0} >> (kStepBytes - last)) & (~uint64_t{0} << first);
  for (int i = 0; i < kBlockRows; ++i)
    _mm512_store_si512(step.a[i], i < rows ? _mm512_maskz_loadu_epi8(there, from + i * stride)
                                           : _mm512_setzero_si512());
}
template <int V>
static VIREO_SIMD void stage_b(const uint8_t* from, int groups, AmxStep& step) {
  for (int i = 0; i < kStepBytes / kGroupBytes; ++i) {
    for (int j = 0; j < V; ++j)
      _mm512_store_si512(step.b[i] + 64 * j, i < groups
                                                 ? _mm512_loadu_si512(from + i * 64 * V + 64 * j)
                                                 : _mm512_setzero_si512());
  }
}

template <int V>
static VIREO_SIMD void multiply_step(const uint8_t* a, int64_t a_stride, const uint8_t* b,
                                     int64_t b_stride, bool tall) {
  VIREO_TILE_LOAD_ONCE(6, b, b_stride);
  VIREO_TILE_LOAD(4, a, a_stride);
  VIREO_TILE_DOT(0, 4, 6);
  if constexpr (V > 1) {
    VIREO_TILE_LOAD_ONCE(7, b + 64, b_stride);
    VIREO_TILE_DOT(1, 4, 7);
  }
  if (!tall) return;
  VIREO_TILE_LOAD(5, a + 16 * a_stride, a_stride);
  VIREO_TILE_DOT(2, 5, 6);
  if constexpr (V > 1) VIREO_TILE_DOT(3, 5, 7);
}

// A run from packed row run.b on, in steps that begin with a group.
template <int V>
static VIREO_SIMD void multiply_run(const GemmTile& t, const GemmRun& run, AmxStep& scratch) {
  constexpr int64_t kGroup = kGroupBytes / kElementBytes;
  const int lead = (int)(run.b % kGroup) * kElementBytes;
  const int64_t total = lead + run.k * kElementBytes, row = t.a_stride * kElementBytes;
  const uint8_t* a = static_cast<const uint8_t*>(t.a) + run.a * kElementBytes - lead;
  const uint8_t* b = static_cast<const uint8_t*>(t.b) + run.b / kGroup * kGroupBytes * t.b_stride;
  const bool tall = t.rows > 16;
  for (int64_t k = 0; k < total; k += kStepBytes) {
    const int first = k == 0 ? lead : 0;
    const int last = total - k < kStepBytes ? (int)(total - k) : kStepBytes;
    const uint8_t* from = a + k;
    int64_t a_stride = row;
    if (first > 0 || last < kStepBytes || (t.rows != 16 && t.rows != kBlockRows)) {
      stage_a(from, row, t.rows, first, last, scratch);
      from = scratch.a[0];
      a_stride = kStepBytes;
    }
    const uint8_t* panel = b + k * t.b_stride;
    int64_t b_stride = kGroupBytes * t.b_stride;
    if (last < kStepBytes) {
      stage_b<V>(panel, (last + kGroupBytes - 1) / kGroupBytes, scratch);
      panel = scratch.b[0];
      b_stride = sizeof scratch.b[0];
    }
    multiply_step<V>(from, a_stride, panel, b_stride, tall);
  }
}

template <int V>
static VIREO_SIMD void store_tiles(Sum* sums, bool tall) {
  VIREO_TILE_STORE(0, sums, V * 64);
  if constexpr (V > 1) VIREO_TILE_STORE(1, sums + 16, V * 64);
  if (!tall) return;
  VIREO_TILE_STORE(2, sums + 16 * 16 * V, V * 64);
  if constexpr (V > 1) VIREO_TILE_STORE(3, sums + 16 * 16 * V + 16, V * 64);
}

// Rows [i, i + MR) of the block.
template <int MR, int V>
static VIREO_SIMD void finish_rows(const GemmTile& t, int i, const Sum* sums) {
  GemmTile rows = t;
  rows.rows = MR;
  const int64_t c_bytes = size_of(t.c_type);
  rows.c = static_cast<char*>(t.c) + i * t.c_stride * c_bytes;
  rows.args.residual =
      static_cast<const char*>(t.args.residual) + i * t.args.residual_stride * c_bytes;
  if (t.epilogue->bias == Bias::PerRow) rows.args.bias += i;
  Sums acc[MR][V];
#pragma GCC unroll 16
  for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) acc[m][j] = Sums::load(sums + (m * V + j) * F::lanes);
  }
  finish_sums<MR, V>(rows, acc);
}

template <int V>
static void amx_tile(const GemmTile& t) {
  alignas(64) Sum sums[kBlockRows * 16 * V];
  AmxStep scratch;
  VIREO_TILE_ZERO(0);
  VIREO_TILE_ZERO(1);
  VIREO_TILE_ZERO(2);
  VIREO_TILE_ZERO(3);
  for (int64_t r = 0; r < t.run_count; ++r) multiply_run<V>(t, t.runs[r], scratch);
  store_tiles<V>(sums, t.rows > 16);
  int i = 0;
  for (; i + 4 <= t.rows; i += 4) finish_rows<4, V>(t, i, sums + i * 16 * V);
  for (; i < t.rows; ++i) finish_rows<1, V>(t, i, sums + i * 16 * V);
}

// The vector kernel whose tiles of more than `few` rows are these; below, vectors are faster.
constexpr GemmKernel on_tiles(GemmKernel kernel, int few) {
  for (int rows = few + 1; rows <= kBlockRows; ++rows) {
    kernel.tile[0][rows - 1] = amx_tile<1>;
    kernel.tile[1][rows - 1] = amx_tile<2>;
  }
  kernel.rows = kBlockRows;
  for (int& rows : kernel.narrow_rows) rows = 0;
  kernel.whole_tiles = true;
  kernel.enter = enter_tiles;
  kernel.leave = leave_tiles;
  return kernel;
}
