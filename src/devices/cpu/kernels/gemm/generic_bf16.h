// The bf16 tiles: products of bf16, sums of f32; after generic.h, `transpose_four` and a tier's own
//   Pairs                        a vector of F::lanes pairs of bf16
//   load_pairs(p), spread(pair)  from memory; one pair in every lane
//   dot(sums, a, b)              sums + a.low * b.low + a.high * b.high
//
// A packed panel holds rows of K by twos, so that a pair of A meets a pair of B. Each element of C
// is one chain of pairs in the order of K, whatever the tile.

// One pair of K: `pair_of(row)` is what row of A brings to it.
template <int MR, int V, typename PairOf>
static VIREO_SIMD void add_pair(const GemmTile& t, F (&acc)[MR][V], const uint16_t* b, int vectors,
                                PairOf pair_of) {
  Pairs bv[V];
#pragma GCC unroll 16
  for (int j = 0; j < V; ++j)
    bv[j] = load_pairs(b + j / vectors * t.panel_stride + j % vectors * 2 * F::lanes);
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    const Pairs av = spread(pair_of(i));
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) acc[i][j] = dot(acc[i][j], av, bv[j]);
  }
}

template <int MR, int V>
static VIREO_SIMD void multiply_runs(const GemmTile& t, F (&acc)[MR][V], int vectors) {
  const int64_t a_stride = t.a_stride, next_step = 2 * t.next_step;
  const char* next = t.next ? t.next : static_cast<const char*>(t.b);
  for (int64_t r = 0; r < t.run_count; ++r) {
    const uint16_t* a = static_cast<const uint16_t*>(t.a) + t.runs[r].a;
    int64_t row = t.runs[r].b, k = t.runs[r].k;
    // The other half of a pair that a run begins or ends in belongs to other taps.
    if (row % 2 != 0 && k > 0) {
      add_pair(t, acc, static_cast<const uint16_t*>(t.b) + (row - 1) * t.b_stride, vectors,
               [&](int i) VIREO_LAMBDA { return uint32_t(a[i * a_stride]) << 16; });
      ++a, ++row, --k;
    }
    const uint16_t* b = static_cast<const uint16_t*>(t.b) + row * t.b_stride;
    for (; k >= 2; k -= 2, a += 2, b += 2 * t.b_stride, next += next_step) {
      __builtin_prefetch(next, 0, 2);
      add_pair(t, acc, b, vectors, [&](int i) VIREO_LAMBDA {
        uint32_t pair;
        __builtin_memcpy(&pair, a + i * a_stride, 4);
        return pair;
      });
    }
    if (k > 0) {
      add_pair(t, acc, b, vectors, [&](int i) VIREO_LAMBDA { return uint32_t(a[i * a_stride]); });
    }
  }
}

static VIREO_SIMD uint32_t bits_of(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, 4);
  return x == x ? (u + 0x7fff + (u >> 16 & 1)) >> 16 : u >> 16 | 0x40;
}
static VIREO_SIMD uint32_t bits_of(bf16_t x) { return x.bits; }

template <typename S>
static VIREO_SIMD F row_of(const S* src, int64_t n) {
  return n <= 0 ? F::zero() : read_lanes(src, n < F::lanes ? n : F::lanes);
}

// Rows that lie along n.
template <typename S>
static void pack_rows(const S* src, int64_t k_stride, int64_t k_count, int64_t n, int64_t width,
                      int32_t* dst) {
  for (int64_t k = 0; k < k_count; k += 2, dst += width) {
    const S* row = src + k * k_stride;
    for (int64_t j = 0; j < width; j += F::lanes) {
      const F low = row_of(row + j, n - j);
      const F high = k + 1 < k_count ? row_of(row + k_stride + j, n - j) : F::zero();
      (simd::bf16_bits(low) | simd::shl<16>(simd::bf16_bits(high))).store(dst + j);
    }
  }
}

// Columns [begin, width) of any strides, in blocks of k that keep the lines they touch in L1.
template <typename S>
static void pack_strided(const S* src, int64_t k_stride, int64_t n_stride, int64_t k_count,
                         int64_t n, int64_t begin, int64_t width, int32_t* dst) {
  constexpr int64_t kBlock = 16;
  for (int64_t k0 = 0; k0 < k_count; k0 += kBlock) {
    const int64_t k1 = k0 + kBlock < k_count ? k0 + kBlock : k_count;
    for (int64_t j = begin; j < width; ++j) {
      const S* column = src + j * n_stride;
      for (int64_t k = k0; k < k1; k += 2) {
        const uint32_t low = j < n ? bits_of(column[k * k_stride]) : 0;
        const uint32_t high = j < n && k + 1 < k1 ? bits_of(column[(k + 1) * k_stride]) : 0;
        dst[k / 2 * width + j] = int32_t(low | high << 16);
      }
    }
  }
}

// f32 columns that each lie along k, a vector of them.
static void pack_columns(const float* from, int64_t n_stride, int64_t k_count, int64_t width,
                         int32_t* to) {
  alignas(64) float four[4 * F::lanes];
  int64_t k = 0;
  for (; k + 4 <= k_count; k += 4) {
    transpose_four(from + k, n_stride, four, F::lanes);
    for (int64_t i = 0; i < 4; i += 2) {
      const F low = F::load(four + i * F::lanes), high = F::load(four + (i + 1) * F::lanes);
      (simd::bf16_bits(low) | simd::shl<16>(simd::bf16_bits(high))).store(to + (k + i) / 2 * width);
    }
  }
  if (k < k_count)
    pack_strided(from + k, 1, n_stride, k_count - k, F::lanes, 0, F::lanes, (int32_t*)four);
  for (int64_t i = k; i < k_count; i += 2) {
    const int32_t* row = (const int32_t*)four + (i - k) / 2 * F::lanes;
    simd::vec<int32_t, F::lanes>::load(row).store(to + i / 2 * width);
  }
}

template <typename S>
static void pack_panel_bf16(const void* src, int64_t k_stride, int64_t n_stride, int64_t k_count,
                            int64_t n, int64_t width, void* dst) {
  const S* from = static_cast<const S*>(src);
  int32_t* to = static_cast<int32_t*>(dst);
  if (n_stride == 1) return pack_rows(from, k_stride, k_count, n, width, to);
  int64_t j = 0;
  if constexpr (sizeof(S) == 4) {
    if (k_stride == 1) {
      for (; j + F::lanes <= n; j += F::lanes)
        pack_columns(from + j * n_stride, n_stride, k_count, width, to + j);
    }
  }
  pack_strided(from, k_stride, n_stride, k_count, n, j, width, to);
}

template <int vectors, int rows2, int rows4>
constexpr GemmKernel make_gemm_bf16(const char* name) {
  GemmKernel kernel = {};
  kernel.name = name;
  kernel.a_type = kernel.b_type = DataType::bf16;
  kernel.rows = kTileRows;
  kernel.lanes = F::lanes;
  kernel.columns = vectors * F::lanes;
  kernel.k_group = 2;
  kernel.stores_bf16 = true;
  kernel.pack_b = pack_panel_bf16<bf16_t>;
  kernel.pack_weights = pack_panel_bf16<float>;
  fill_tiles<true, kTileRows, vectors>(kernel);
  fill_wide<true, 1, vectors, rows2, rows4>(kernel);
  return kernel;
}
