// What the tiles of all element types share: partial sums, the epilogue, the tables. Included
// inside an ISA file's unnamed namespace, after `using F = simd::vec<float, N>` and before the
// type's own generic_<type>.h, which brings `multiply_runs(tile, sums, vectors of a panel)`.

#include "devices/cpu/kernels/epilogue_generic.h"

template <int MR, int V>
static VIREO_SIMD void multiply_runs(const GemmTile& t, F (&acc)[MR][V], int vectors);

// Lanes to store of vector j of V when n columns are wanted.
static VIREO_SIMD int64_t lanes_of(int64_t n, int j, int V) {
  return j + 1 < V ? F::lanes : n - j * F::lanes;
}

// What C holds of an earlier part of K.
template <int MR, int V>
static VIREO_SIMD void add_partial(const GemmTile& t, F (&acc)[MR][V]) {
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    const float* c = static_cast<const float*>(t.c) + i * t.c_stride;
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j)
      acc[i][j] = acc[i][j] + F::load(c + j * F::lanes, lanes_of(t.n, j, V));
  }
}

template <typename C, int MR, int V>
static VIREO_SIMD void add_residual(const GemmTile& t, F (&acc)[MR][V]) {
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    const C* r = static_cast<const C*>(t.args.residual) + i * t.args.residual_stride;
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j)
      acc[i][j] = acc[i][j] + read_lanes(r + j * F::lanes, lanes_of(t.n, j, V));
  }
}

template <typename C, int MR, int V>
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
  if (e.residual == Residual::BeforeActivation) add_residual<C>(t, acc);
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
  if (e.residual == Residual::AfterActivation && clamps.complete) add_residual<C>(t, acc);
}

template <typename C, int MR, int V>
static VIREO_SIMD void store_sums(const F (&acc)[MR][V], C* to, int64_t stride, int64_t n) {
  const bool full = n == V * F::lanes;
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
    C* c = to + i * stride;
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) {
      if (j + 1 < V || full)
        write_lanes(c + j * F::lanes, acc[i][j], F::lanes);
      else
        write_lanes(c + j * F::lanes, acc[i][j], lanes_of(n, j, V));
    }
  }
}

template <typename C, int MR, int V>
static VIREO_SIMD void finish_tile(const GemmTile& t, F (&acc)[MR][V]) {
  C* c = static_cast<C*>(t.c);
  const Clamp clamps = clamp_of(*t.epilogue);
  finish_sums<C>(t, acc, clamps);
  if (clamps.complete) return store_sums(acc, c, t.c_stride, t.n);
  alignas(64) float sums[MR * V * F::lanes];
  store_sums(acc, sums, V * F::lanes, V * F::lanes);
  const bool after = t.epilogue->residual == Residual::AfterActivation;
  activate_sums(*t.epilogue, SumTile<C>{sums, V * F::lanes, c, t.c_stride, MR, t.n,
                                        after ? static_cast<const C*>(t.args.residual) : nullptr,
                                        t.args.residual_stride, t.args.slope});
}

// MR rows of `panels` panels of `vectors` vectors; Bf16: C may be bf16.
template <bool Bf16, int MR, int vectors, int panels>
static void gemm_tile(const GemmTile& t) {
  constexpr int V = vectors * panels;
  F acc[MR][V];
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) acc[i][j] = F::zero();
  }
  if (t.accumulate) add_partial(t, acc);
  multiply_runs(t, acc, vectors);
  if (!t.finish) return store_sums(acc, static_cast<float*>(t.c), t.c_stride, t.n);
  if (Bf16 && t.c_type == DataType::bf16) return finish_tile<bf16_t>(t, acc);
  finish_tile<float>(t, acc);
}

template <bool Bf16, int MR, int vectors>
constexpr void fill_tiles(GemmKernel& kernel) {
  kernel.tile[vectors - 1][MR - 1] = gemm_tile<Bf16, MR, vectors, 1>;
  if constexpr (MR > 1)
    fill_tiles<Bf16, MR - 1, vectors>(kernel);
  else if constexpr (vectors > 1)
    fill_tiles<Bf16, kTileRows, vectors - 1>(kernel);
}

// Rows for which two and four panels at once still fit the registers.
template <bool Bf16, int MR, int vectors, int rows2, int rows4>
constexpr void fill_wide(GemmKernel& kernel) {
  if constexpr (MR <= rows2) kernel.wide2[MR - 1] = gemm_tile<Bf16, MR, vectors, 2>;
  if constexpr (MR <= rows4) kernel.wide4[MR - 1] = gemm_tile<Bf16, MR, vectors, 4>;
  if constexpr (MR < rows2 || MR < rows4) fill_wide<Bf16, MR + 1, vectors, rows2, rows4>(kernel);
}
