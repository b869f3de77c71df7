// The tiles of 8-bit codes: products of u8 and i8, exact sums in i32; after generic.h and a tier's
// own
//   Codes, Weights                 a vector of F::lanes groups of four codes, as the left and the right operand of `dot`
//   load_weights(p), spread(four)  from memory; one group in every lane
//   dot(sums, a, b)                sums + the four products of each lane
//   kPackedVectors                 how many vectors of sums store_codes takes at once
//   store_codes(to, sums, n)       saturated to u8, the first n of them
//
// A packed panel holds rows of K by fours. The sums are exact, so that no blocking or order of K
// can change a bit.

using I = F::ints;

// One group of K: `four_of(row)` is what row of A brings to it.
template <int MR, int V, typename FourOf>
static VIREO_SIMD void add_four(const GemmTile& t, I (&acc)[MR][V], const int8_t* b, int vectors,
                                FourOf four_of) {
  Weights bv[V];
#pragma GCC unroll 16
  for (int j = 0; j < V; ++j)
    bv[j] = load_weights(b + j / vectors * t.panel_stride + j % vectors * 4 * F::lanes);
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i) {
    const Codes av = spread(four_of(i));
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) acc[i][j] = dot(acc[i][j], av, bv[j]);
  }
}

// Codes [from, to) of a group whose others belong to other taps.
static VIREO_SIMD uint32_t part_of_four(const uint8_t* a, int64_t from, int64_t to) {
  uint32_t four = 0;
  for (int64_t i = from; i < to; ++i) four |= uint32_t(a[i - from]) << (8 * i);
  return four;
}

template <int MR, int V>
static VIREO_SIMD void multiply_codes(const GemmTile& t, I (&acc)[MR][V], int vectors) {
  const int64_t a_stride = t.a_stride, b_step = 4 * t.b_stride;
  for (int64_t r = 0; r < t.run_count; ++r) {
    const uint8_t* a = static_cast<const uint8_t*>(t.a) + t.runs[r].a;
    int64_t row = t.runs[r].b, k = t.runs[r].k;
    const int8_t* b = static_cast<const int8_t*>(t.b) + row / 4 * b_step;
    if (row % 4 != 0 && k > 0) {
      const int64_t from = row % 4, to = from + k < 4 ? from + k : 4;
      add_four(t, acc, b, vectors,
               [&](int i) VIREO_LAMBDA { return part_of_four(a + i * a_stride, from, to); });
      a += to - from, k -= to - from, b += b_step;
    }
    for (; k >= 4; k -= 4, a += 4, b += b_step) {
      add_four(t, acc, b, vectors, [&](int i) VIREO_LAMBDA {
        uint32_t four;
        __builtin_memcpy(&four, a + i * a_stride, 4);
        return four;
      });
    }
    if (k > 0)
      add_four(t, acc, b, vectors,
               [&](int i) VIREO_LAMBDA { return part_of_four(a + i * a_stride, 0, k); });
  }
}

// What a tile does to its sums, held in registers: a store of codes could otherwise be a store to
// any of it.
template <typename C>
struct SumFinish {
  const float *scale, *bias, *shift;
  const C* residual;  // or nullptr
  int64_t residual_stride;
  F residual_scale, between_low, between_high, between_scale;
  bool between;

  explicit VIREO_SIMD SumFinish(const GemmTile& t)
      : scale(t.args.scale),
        bias(t.args.bias),
        shift(t.args.shift),
        residual(t.epilogue->residual == Residual::None ? nullptr
                                                        : static_cast<const C*>(t.args.residual)),
        residual_stride(t.args.residual_stride),
        residual_scale(t.epilogue->codes.residual_scale),
        between_low(t.epilogue->codes.between_low),
        between_high(t.epilogue->codes.between_high),
        between_scale(t.epilogue->codes.between_scale),
        between(t.epilogue->codes.between) {}

  // The sum of row i and the vector at column `at`, of which n lanes are wanted, as a real value in
  // whatever unit scale and bias have.
  VIREO_SIMD F operator()(I sum, int64_t i, int64_t at, int64_t n) const {
    F v = fma(to_float(sum), F::load(scale + at), F::load(bias + at));
    if (between) {
      v = simd::round_even(min(max(v, between_low), between_high));
      v = fma(v, between_scale, F::load(shift + at));
    }
    if (residual)
      v = fma(simd::load_as<F>(residual + i * residual_stride + at, n), residual_scale, v);
    return v;
  }
};

template <int V>
static VIREO_SIMD void store_row(uint8_t* to, const F (&v)[V], int64_t n) {
  I codes[V];
#pragma GCC unroll 8
  for (int j = 0; j < V; ++j) codes[j] = to_int_round(v[j]);
#pragma GCC unroll 8
  for (int j = 0; j < V; j += kPackedVectors) {
    constexpr int left = V % kPackedVectors;
    const int64_t rest = n - j * F::lanes;
    if (j + kPackedVectors <= V)
      store_codes<kPackedVectors>(
          to + j * F::lanes, codes + j,
          rest < kPackedVectors * F::lanes ? rest : kPackedVectors * F::lanes);
    else if constexpr (left > 0)
      store_codes<left>(to + j * F::lanes, codes + j, rest);
  }
}
template <int V>
static VIREO_SIMD void store_row(float* to, const F (&v)[V], int64_t n) {
#pragma GCC unroll 8
  for (int j = 0; j < V; ++j) {
    const int64_t rest = n - j * F::lanes;
    if (rest >= F::lanes)
      v[j].store(to + j * F::lanes);
    else
      v[j].store(to + j * F::lanes, rest);
  }
}

template <typename C, int MR, int V>
static VIREO_SIMD void finish_codes(const GemmTile& t, I (&acc)[MR][V], const Clamp& clamps) {
  const SumFinish<C> finish(t);
  const F low(clamps.low), high(clamps.high);
  const bool clamped = t.epilogue->activation != Activation::None;
  C* const c = static_cast<C*>(t.c);
  const int64_t c_stride = t.c_stride, n = t.n, last = n - (V - 1) * F::lanes;
  const auto rows = [&](auto lanes_of_last) VIREO_LAMBDA {
#pragma GCC unroll 32
    for (int i = 0; i < MR; ++i) {
      F v[V];
#pragma GCC unroll 8
      for (int j = 0; j < V; ++j) {
        v[j] = finish(acc[i][j], i, j * F::lanes, j + 1 < V ? F::lanes : lanes_of_last());
        if (clamped) v[j] = min(max(v[j], low), high);
      }
      store_row(c + i * c_stride, v, (V - 1) * F::lanes + lanes_of_last());
    }
  };
  if (last == F::lanes) return rows([]() VIREO_LAMBDA { return int64_t(F::lanes); });
  rows([last]() VIREO_LAMBDA { return last; });
}

// Activations that are more than a clamp run over the tile in L1, on real values; then they are
// brought to the grid of C.
template <typename C, int MR, int V>
static VIREO_SIMD void activate_codes(const GemmTile& t, I (&acc)[MR][V]) {
  constexpr int64_t width = V * F::lanes;
  alignas(64) float sums[MR * width];
  const SumFinish<C> finish(t);
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) {
      const int64_t rest = t.n - j * F::lanes;
      finish(acc[i][j], i, j * F::lanes, rest < F::lanes ? rest : F::lanes)
          .store(sums + i * width + j * F::lanes);
    }
  }
  activate_sums(*t.epilogue,
                SumTile<float>{sums, width, sums, width, MR, t.n, nullptr, 0, t.args.slope});
  const F shift(t.epilogue->codes.out_shift);
  for (int64_t i = 0; i < MR; ++i) {
    F v[V];
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) {
      v[j] = F::load(sums + i * width + j * F::lanes);
      if (sizeof(C) == 1)
        v[j] = min(max(fma(v[j], F::load(t.args.out_scale + j * F::lanes), shift), F::zero()),
                   F(255.0f));
    }
    store_row(static_cast<C*>(t.c) + i * t.c_stride, v, t.n);
  }
}

template <typename C, int MR, int V>
static VIREO_SIMD void finish_tile(const GemmTile& t, I (&acc)[MR][V]) {
  const Clamp clamps = clamp_of(*t.epilogue);
  if (clamps.complete) return finish_codes<C>(t, acc, clamps);
  activate_codes<C>(t, acc);
}

template <int MR, int vectors, int panels>
static void tile_u8(const GemmTile& t) {
  constexpr int V = vectors * panels;
  I acc[MR][V];
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) acc[i][j] = I::load(t.args.start + j * F::lanes);
  }
  multiply_codes(t, acc, vectors);
  // Left alone, the compiler moves the conversion of the sums into the loop, where they do not fit
  // the registers.
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) VIREO_KEEP_SUMS(acc[i][j]);
  }
  if (t.c_type == DataType::u8) return finish_tile<uint8_t>(t, acc);
  finish_tile<float>(t, acc);
}

static VIREO_SIMD int32_t code_of(float x) { return (int32_t)x & 0xff; }
static VIREO_SIMD int32_t code_of(int8_t x) { return x & 0xff; }

// Columns of any strides, in blocks of k that keep the lines they touch in L1.
template <typename S>
static void pack_panel_u8(const void* src, int64_t k_stride, int64_t n_stride, int64_t k_count,
                          int64_t n, int64_t width, void* dst) {
  constexpr int64_t kBlock = 16;
  const S* from = static_cast<const S*>(src);
  uint8_t* to = static_cast<uint8_t*>(dst);
  for (int64_t k0 = 0; k0 < k_count; k0 += kBlock) {
    const int64_t k1 = k0 + kBlock < k_count ? k0 + kBlock : (k_count + 3) / 4 * 4;
    for (int64_t j = 0; j < width; ++j) {
      for (int64_t k = k0; k < k1; ++k)
        to[k / 4 * 4 * width + 4 * j + k % 4] =
            j < n && k < k_count ? uint8_t(code_of(from[k * k_stride + j * n_stride])) : 0;
    }
  }
}

template <int MR, int vectors>
constexpr void fill_tiles_u8(GemmKernel& kernel) {
  kernel.tile[vectors - 1][MR - 1] = tile_u8<MR, vectors, 1>;
  if constexpr (MR > 1)
    fill_tiles_u8<MR - 1, vectors>(kernel);
  else if constexpr (vectors > 1)
    fill_tiles_u8<kTileRows[vectors - 2], vectors - 1>(kernel);
}
template <int MR, int vectors, int rows2>
constexpr void fill_wide_u8(GemmKernel& kernel) {
  kernel.wide2[MR - 1] = tile_u8<MR, vectors, 2>;
  if constexpr (MR < rows2) fill_wide_u8<MR + 1, vectors, rows2>(kernel);
}

// kTileRows[vectors - 1]: the most rows that fit the registers beside so many vectors.
template <int vectors, int rows2>
constexpr GemmKernel make_gemm_u8(const char* name) {
  GemmKernel kernel = {};
  kernel.name = name;
  kernel.a_type = DataType::u8;
  kernel.b_type = DataType::i8;
  kernel.rows = kTileRows[vectors - 1];
  for (int v = 0; v < vectors; ++v) kernel.narrow_rows[v] = kTileRows[v];
  kernel.lanes = F::lanes;
  kernel.columns = vectors * F::lanes;
  kernel.k_group = 4;
  kernel.pack_b = pack_panel_u8<int8_t>;
  kernel.pack_weights = pack_panel_u8<float>;
  fill_tiles_u8<kTileRows[vectors - 1], vectors>(kernel);
  fill_wide_u8<1, vectors, rows2>(kernel);
  return kernel;
}
