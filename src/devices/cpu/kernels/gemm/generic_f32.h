// The f32 tiles; after generic.h, and after `transpose_four`.
//
// Each element of C is one chain of multiply-adds in the order of K, whatever the tile: so a row's
// result depends neither on how many rows there are nor on the blocking, and all tiers with a fused
// multiply-add give the same bits.

template <int MR, int V>
static VIREO_SIMD void multiply_runs(const GemmTile& t, F (&acc)[MR][V], int vectors) {
  const int64_t a_stride = t.a_stride, b_stride = t.b_stride, panel_stride = t.panel_stride;
  const int64_t next_step = t.next_step;
  const char* next = t.next ? t.next : static_cast<const char*>(t.b);
  for (int64_t r = 0; r < t.run_count; ++r) {
    const float* a = static_cast<const float*>(t.a) + t.runs[r].a;
    const float* b = static_cast<const float*>(t.b) + t.runs[r].b * b_stride;
    const int64_t k_count = t.runs[r].k;
    for (int64_t k = 0; k < k_count; ++k, b += b_stride, next += next_step) {
      __builtin_prefetch(next, 0, 2);
      F bv[V];
#pragma GCC unroll 16
      for (int j = 0; j < V; ++j)
        bv[j] = F::load(b + j / vectors * panel_stride + j % vectors * F::lanes);
#pragma GCC unroll 16
      for (int i = 0; i < MR; ++i) {
        const F av(a[i * a_stride + k]);
#pragma GCC unroll 16
        for (int j = 0; j < V; ++j) acc[i][j] = fma(av, bv[j], acc[i][j]);
      }
    }
  }
}

// One vector of columns that each lie along k.
static VIREO_SIMD void pack_columns(const float* from, int64_t n_stride, int64_t k_count,
                                    int64_t width, float* to) {
  int64_t k = 0;
  for (; k + 4 <= k_count; k += 4) transpose_four(from + k, n_stride, to + k * width, width);
  for (; k < k_count; ++k) {
    for (int64_t i = 0; i < F::lanes; ++i) to[k * width + i] = from[k + i * n_stride];
  }
}

static void pack_panel_f32(const void* src, int64_t k_stride, int64_t n_stride, int64_t k_count,
                           int64_t n, int64_t width, void* dst) {
  const float* from = static_cast<const float*>(src);
  float* to = static_cast<float*>(dst);
  if (n_stride == 1) {
    for (int64_t k = 0; k < k_count; ++k) {
      for (int64_t j = 0; j < width; j += F::lanes) {
        const int64_t rest = n - j;
        const F row = rest >= F::lanes ? F::load(from + k * k_stride + j)
                                       : F::load(from + k * k_stride + j, rest > 0 ? rest : 0);
        row.store(to + k * width + j);
      }
    }
    return;
  }
  int64_t j = 0;
  if (k_stride == 1) {
    for (; j + F::lanes <= n; j += F::lanes)
      pack_columns(from + j * n_stride, n_stride, k_count, width, to + j);
  }
  // Blocks of k keep the lines that each column touches in L1.
  constexpr int64_t kBlock = 16;
  for (int64_t k0 = 0; k0 < k_count; k0 += kBlock) {
    const int64_t k1 = k0 + kBlock < k_count ? k0 + kBlock : k_count;
    for (int64_t i = j; i < width; ++i) {
      for (int64_t k = k0; k < k1; ++k)
        to[k * width + i] = i < n ? from[k * k_stride + i * n_stride] : 0.0f;
    }
  }
}

template <int vectors, int rows2, int rows4>
constexpr GemmKernel make_gemm_f32(const char* name) {
  GemmKernel kernel = {};
  kernel.name = name;
  kernel.a_type = kernel.b_type = DataType::f32;
  kernel.rows = kTileRows;
  kernel.lanes = F::lanes;
  kernel.columns = vectors * F::lanes;
  kernel.k_group = 1;
  kernel.pack_b = kernel.pack_weights = pack_panel_f32;
  fill_tiles<false, kTileRows, vectors>(kernel);
  fill_wide<false, 1, vectors, rows2, rows4>(kernel);
  return kernel;
}
