// The f32 tiles. Included inside an ISA file's unnamed
// namespace, after `using F = simd::vec<float, N>`.
//
// Each element of C is one chain of multiply-adds in the order of K, whatever the tile: so a row's
// result depends neither on how many rows there are nor on the blocking, and all tiers with a fused
// multiply-add give the same bits.

#include "devices/cpu/kernels/epilogue_generic.h"

template <int MR, int V>
static VIREO_SIMD void multiply_runs(const GemmTile& t, F (&acc)[MR][V], int vectors) {
  const int64_t a_stride = t.a_stride, b_stride = t.b_stride, panel_stride = t.panel_stride;
  for (int64_t r = 0; r < t.run_count; ++r) {
    const float* a = static_cast<const float*>(t.a) + t.runs[r].a;
    const float* b = static_cast<const float*>(t.b) + t.runs[r].b * b_stride;
    const int64_t k_count = t.runs[r].k;
    for (int64_t k = 0; k < k_count; ++k, b += b_stride) {
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

// Lanes to store of vector j of V when n columns are wanted.
static VIREO_SIMD int64_t lanes_of(int64_t n, int j, int V) {
  return j + 1 < V ? F::lanes : n - j * F::lanes;
}

template <int MR, int V>
static VIREO_SIMD void load_partial(const GemmTile& t, F (&acc)[MR][V]) {
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    const float* c = static_cast<const float*>(t.c) + i * t.c_stride;
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j)
      acc[i][j] =
          j + 1 < V ? F::load(c + j * F::lanes) : F::load(c + j * F::lanes, lanes_of(t.n, j, V));
  }
}

template <int MR, int V>
static VIREO_SIMD void add_residual(const GemmTile& t, F (&acc)[MR][V]) {
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    const float* r = t.args.residual + i * t.args.residual_stride;
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) {
      acc[i][j] = acc[i][j] + (j + 1 < V ? F::load(r + j * F::lanes)
                                         : F::load(r + j * F::lanes, lanes_of(t.n, j, V)));
    }
  }
}

template <int MR, int V>
static VIREO_SIMD void finish_sums(const GemmTile& t, F (&acc)[MR][V], const Clamp& clamps) {
  const Epilogue& e = *t.epilogue;
  const F scale(e.scale);
  if (e.bias == Bias::PerColumn) {
    F bias[V];
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) {
      bias[j] = j + 1 < V ? F::load(t.args.bias + j * F::lanes)
                          : F::load(t.args.bias + j * F::lanes, lanes_of(t.n, j, V));
    }
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < V; ++j) acc[i][j] = fma(scale, acc[i][j], bias[j]);
    }
  } else if (e.bias == Bias::PerRow || e.scale != 1.0f) {
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
      const F bias = e.bias == Bias::PerRow ? F(t.args.bias[i]) : F::zero();
#pragma GCC unroll 16
      for (int j = 0; j < V; ++j) acc[i][j] = fma(scale, acc[i][j], bias);
    }
  }
  if (e.residual == Residual::BeforeActivation) add_residual(t, acc);
  if (clamps.low > -__builtin_inff()) {
    const F low(clamps.low);
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < V; ++j)
        acc[i][j] = max(low, acc[i][j]);  // in this order of operands a NaN passes
    }
  }
  if (clamps.high < __builtin_inff()) {
    const F high(clamps.high);
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < V; ++j) acc[i][j] = min(high, acc[i][j]);
    }
  }
  if (e.residual == Residual::AfterActivation && clamps.complete) add_residual(t, acc);
}

template <int MR, int V>
static VIREO_SIMD void store_sums(const F (&acc)[MR][V], float* to, int64_t stride, int64_t n) {
  const bool full = n == V * F::lanes;
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    float* c = to + i * stride;
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) {
      if (j + 1 < V || full)
        acc[i][j].store(c + j * F::lanes);
      else
        acc[i][j].store(c + j * F::lanes, lanes_of(n, j, V));
    }
  }
}

// MR rows of `panels` panels of `vectors` vectors.
template <int MR, int vectors, int panels>
static void tile_f32(const GemmTile& t) {
  constexpr int V = vectors * panels;
  F acc[MR][V];
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) acc[i][j] = F::zero();
  }
  if (t.accumulate) load_partial(t, acc);
  multiply_runs(t, acc, vectors);
  float* c = static_cast<float*>(t.c);
  if (!t.finish) return store_sums(acc, c, t.c_stride, t.n);
  const Clamp clamps = clamp_of(*t.epilogue);
  finish_sums(t, acc, clamps);
  if (clamps.complete) return store_sums(acc, c, t.c_stride, t.n);
  alignas(64) float sums[MR * V * F::lanes];
  store_sums(acc, sums, V * F::lanes, V * F::lanes);
  const bool after = t.epilogue->residual == Residual::AfterActivation;
  activate_sums(*t.epilogue,
                {sums, V * F::lanes, c, t.c_stride, MR, t.n, after ? t.args.residual : nullptr,
                 t.args.residual_stride, t.args.slope});
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

template <int MR, int vectors>
constexpr void fill_tiles(GemmKernel& kernel) {
  kernel.tile[vectors - 1][MR - 1] = tile_f32<MR, vectors, 1>;
  if constexpr (MR > 1)
    fill_tiles<MR - 1, vectors>(kernel);
  else if constexpr (vectors > 1)
    fill_tiles<kTileRows, vectors - 1>(kernel);
}

// Rows for which two and four panels at once still fit the registers.
template <int MR, int vectors, int rows2, int rows4>
constexpr void fill_wide(GemmKernel& kernel) {
  if constexpr (MR <= rows2) kernel.wide2[MR - 1] = tile_f32<MR, vectors, 2>;
  if constexpr (MR <= rows4) kernel.wide4[MR - 1] = tile_f32<MR, vectors, 4>;
  if constexpr (MR < rows2 || MR < rows4) fill_wide<MR + 1, vectors, rows2, rows4>(kernel);
}

template <int vectors, int rows2, int rows4>
constexpr GemmKernel make_gemm_f32(const char* name) {
  GemmKernel kernel = {name, kTileRows, F::lanes, vectors * F::lanes, 4, 4, 4,
                       {},   {},        {},       pack_panel_f32};
  fill_tiles<kTileRows, vectors>(kernel);
  fill_wide<1, vectors, rows2, rows4>(kernel);
  return kernel;
}
