// Products with compressed weights on vectors of rows of W. Included inside an ISA file's unnamed
// namespace, after `using F = simd::vec<float, N>`, kColumnsOne and kColumnsMany (vectors of a tile
// of one row and of four), gemm's generic.h, and what the tier does best itself:
//   Table, Bytes                            the values of 16 codes as f32, and as bytes (value + 128)
//   Table load_table(const float*), Bytes load_bytes(const uint8_t*)
//   F lookup(I codes, Table)                values of 4-bit codes
//   I lookup_bytes(I codes, Bytes)          each byte, a 4-bit code, to its value + 128
//   I dot4<Bits>(I sums, I codes, int32_t)  sums += four products of u8 codes of so many bits and s8
//   kLooksUp                                a lookup is faster than a conversion, and takes only the
//                                           low four bits of a lane

using I = F::ints;

template <Coding C>
struct Form {
  static constexpr int low = kCodingForms[static_cast<int>(C)].low;
  static constexpr int high = kCodingForms[static_cast<int>(C)].high;
  static constexpr int segment = kCodingForms[static_cast<int>(C)].segment;
};

// What codes stand for before the scale.
struct Values {
  Table table;
  Bytes bytes;
  F zero;
};

template <int Shift>
static VIREO_SIMD I shifted(I word) {
  if constexpr (Shift > 0)
    return simd::sar<Shift>(word);
  else
    return word;
}
template <int Shift>
static VIREO_SIMD I raised(I word) {
  if constexpr (Shift > 0)
    return simd::shl<Shift>(word);
  else
    return word;
}

// The planes of a unit of K at some 16 (lanes) of its rows.
struct Planes {
  const int32_t* low;
  const int32_t* high;
};
template <Coding C>
static VIREO_SIMD Planes planes_of(const CompressedLayout& layout, const uint8_t* panel,
                                   int64_t unit, int64_t column) {
  return {reinterpret_cast<const int32_t*>(panel) + unit * Form<C>::low * kPanelRows + column,
          reinterpret_cast<const int32_t*>(panel + layout.high) +
              unit * Form<C>::high * kPanelRows + column};
}

// The code of k = 4 T + B of the unit, bits above it are zero unless `Loose`.
template <Coding C, int T, int B, bool Loose>
static VIREO_SIMD I code_at(const Planes& p) {
  constexpr int low = Form<C>::low, high = Form<C>::high, per_low = 8 / low;
  I q = shifted<8 * B + low*(T % per_low)>(I::load(p.low + T / per_low * kPanelRows));
  if constexpr (!Loose) q = q & I((1 << low) - 1);
  if constexpr (high > 0) {
    constexpr int per_high = 8 / high, at = 8 * B + high * (T % per_high);
    const I word = I::load(p.high + T / per_high * kPanelRows);
    constexpr int mask = ((1 << high) - 1) << low;
    if constexpr (at >= low)
      q = q | (shifted<at - low>(word) & I(mask));
    else
      q = q | (raised<low - at>(word) & I(mask));
  }
  return q;
}

// The codes of k = 4 T .. 4 T + 3, one in each byte.
template <Coding C, int T>
static VIREO_SIMD I codes_at(const Planes& p) {
  constexpr int low = Form<C>::low, high = Form<C>::high, per_low = 8 / low;
  I q = I::load(p.low + T / per_low * kPanelRows);
  if constexpr (low < 8) q = shifted<low*(T % per_low)>(q) & I(0x01010101 * ((1 << low) - 1));
  if constexpr (high > 0) {
    constexpr int per_high = 8 / high, at = high * (T % per_high);
    const I word = I::load(p.high + T / per_high * kPanelRows);
    constexpr int mask = 0x01010101 * (((1 << high) - 1) << low);
    if constexpr (at >= low)
      q = q | (shifted<at - low>(word) & I(mask));
    else
      q = q | (raised<low - at>(word) & I(mask));
  }
  return q;
}

template <Coding C, int T, int B>
static VIREO_SIMD F value_at(const Planes& p, const Values& values) {
  if constexpr (Form<C>::low == 4 && Form<C>::high == 0 && (C == Coding::Table4 || kLooksUp))
    return lookup(code_at<C, T, B, kLooksUp>(p), values.table);
  else
    return to_float(code_at<C, T, B, false>(p)) - values.zero;
}

static VIREO_SIMD F load_scale(DataType type, const uint8_t* from, int64_t at) {
  if (type == DataType::f16)
    return simd::load_as<F>(reinterpret_cast<const simd::f16_t*>(from) + at, F::lanes);
  return F::load(reinterpret_cast<const float*>(from) + at);
}
// The zeros or minimums of a group.
static VIREO_SIMD F load_zero(const CompressedFormat& f, const uint8_t* from, int64_t at) {
  if (f.zero_kind == WeightZero::Codes) return simd::load_as<F>(from + at, F::lanes);
  return load_scale(f.scale_type, from, at);
}

static VIREO_SIMD Values values_of(const CompressedFormat& f) {
  return {load_table(f.table), load_bytes(f.bytes), F(static_cast<float>(f.zero))};
}

// Scale and zero of a group for one vector of rows.
struct Grade {
  F scale, zero;
};
template <bool Zeros>
static VIREO_SIMD F graded(F q, const CompressedFormat& f, const Grade& g) {
  if constexpr (!Zeros) return q * g.scale;
  if (f.zero_kind == WeightZero::Codes) return (q - g.zero) * g.scale;
  return fma(q, g.scale, neg(g.zero));
}
template <bool Zeros>
static VIREO_SIMD Grade grade_at(const CompressedFormat& f, const CompressedLayout& l,
                                 const uint8_t* panel, int64_t group, int64_t column) {
  const int64_t at = group * kPanelRows + column;
  Grade g;
  g.scale = load_scale(f.scale_type, panel + l.scales, at);
  if constexpr (Zeros) g.zero = load_zero(f, panel + l.zeros, at);
  return g;
}

// The next bytes of the panel's planes (and then of its scales, and the next panel) on their way
// while these are used.
constexpr int64_t kPrefetchBytes = 4096;
static VIREO_SIMD void prefetch(const int32_t* from, int64_t bytes) {
  const char* p = reinterpret_cast<const char*>(from) + kPrefetchBytes;
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 0, 3);
}

// ---- products in f32

// Sums of M rows by V vectors; `a` is at the unit's first k.
template <Coding C, bool Zeros, int M, int V, int K>
static VIREO_SIMD void exact_steps(const CompressedTile& t, const Values& values, const Planes& p,
                                   const Grade (&grades)[V], const float* a, F (&acc)[M][V]) {
  F w[V];
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v)
    w[v] = graded<Zeros>(
        value_at<C, K / 4, K % 4>({p.low + v * F::lanes, p.high + v * F::lanes}, values), *t.format,
        grades[v]);
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    const F x(a[m * t.a_stride + K]);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[m][v] = fma(x, w[v], acc[m][v]);
  }
  if constexpr ((K + 1) % Form<C>::segment != 0)
    exact_steps<C, Zeros, M, V, K + 1>(t, values, p, grades, a, acc);
}

template <Coding C, bool Zeros, int M, int V>
static VIREO_SIMD void exact_sums(const CompressedTile& t, F (&acc)[M][V]) {
  const CompressedFormat& f = *t.format;
  const CompressedLayout& l = *t.layout;
  const Values values = values_of(f);
  constexpr int segments = kUnitK / Form<C>::segment;
  Grade grades[V];
  int64_t group = 0, left = 0;
  for (int64_t unit = 0; unit < l.units; ++unit) {
    const Planes p = planes_of<C>(l, t.panel, unit, t.column);
    prefetch(p.low, Form<C>::low * V * F::lanes * 4);
    const float* a = t.a + unit * kUnitK;
    const auto next_group = [&] {
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v)
        grades[v] = grade_at<Zeros>(f, l, t.panel, group, t.column + v * F::lanes);
      ++group;
    };
    if (left == 0) {
      next_group();
      left = l.units_per_group > 0 ? l.units_per_group : 1;
    }
    --left;
    exact_steps<C, Zeros, M, V, 0>(t, values, p, grades, a, acc);
    if constexpr (segments == 2) {
      if (l.units_per_group == 0 && group < l.groups) next_group();
      exact_steps<C, Zeros, M, V, 16>(t, values, p, grades, a, acc);
    }
  }
}

template <typename T, int M, int V>
static VIREO_SIMD void float_sums(const CompressedTile& t, F (&acc)[M][V]) {
  const T* w = reinterpret_cast<const T*>(t.panel) + t.column;
  for (int64_t k = 0; k < t.layout->units * kUnitK; ++k, w += kPanelRows) {
    __builtin_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes, 0, 3);
    __builtin_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + 64, 0, 3);
    F x[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) x[v] = simd::load_as<F>(w + v * F::lanes, F::lanes);
#pragma GCC unroll 4
    for (int m = 0; m < M; ++m) {
      const F y(t.a[m * t.a_stride + k]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[m][v] = fma(y, x[v], acc[m][v]);
    }
  }
}

template <int M, int V>
static VIREO_SIMD void clear(F (&acc)[M][V]) {
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[m][v] = F::zero();
  }
}

// The last tile of a row may end before its last vector.
template <int M, int V>
static VIREO_SIMD void finish_columns(const GemmTile& out, F (&acc)[M][V]) {
  GemmTile t = out;
  if (out.n >= V * F::lanes) {
    t.n = V * F::lanes;
    return finish_tile<float>(t, acc);
  }
  for (int v = 0; v * F::lanes < out.n; ++v) {
    const int64_t column = v * F::lanes, left = out.n - column;
    F one[M][1];
#pragma GCC unroll 4
    for (int m = 0; m < M; ++m) one[m][0] = acc[m][v];
    t.n = left < F::lanes ? left : F::lanes;
    t.c = static_cast<float*>(out.c) + column;
    if (out.args.bias) t.args.bias = out.args.bias + column;
    if (out.args.residual) t.args.residual = static_cast<const float*>(out.args.residual) + column;
    finish_tile<float>(t, one);
  }
}

template <Coding C, int M, int V>
static void exact_tile(const CompressedTile& t) {
  F acc[M][V];
  clear(acc);
  if constexpr (C == Coding::Bf16)
    float_sums<simd::bf16_t>(t, acc);
  else if constexpr (C == Coding::F16)
    float_sums<simd::f16_t>(t, acc);
  else if (t.format->zero_kind == WeightZero::Constant)
    exact_sums<C, false>(t, acc);
  else
    exact_sums<C, true>(t, acc);
  finish_columns(t.out, acc);
}

// ---- products of integers

template <Coding C, int M, int V, int T, int End>
static VIREO_SIMD void dot_steps(const CompressedTile& t, const Values& values, const Planes& p,
                                 const int8_t* x, I (&sums)[M][V]) {
  constexpr int bits = C == Coding::Table4 ? 8 : Form<C>::low + Form<C>::high;
  I q[V];
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    q[v] = codes_at<C, T>({p.low + v * F::lanes, p.high + v * F::lanes});
    if constexpr (C == Coding::Table4) q[v] = lookup_bytes(q[v], values.bytes);
  }
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    int32_t four;
    __builtin_memcpy(&four, x + m * kUnitK + 4 * T, 4);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sums[m][v] = dot4<bits>(sums[m][v], q[v], four);
  }
  if constexpr (T + 1 < End) dot_steps<C, M, V, T + 1, End>(t, values, p, x, sums);
}

// A segment's exact sums, times the scales of both sides, onto all.
template <Coding C, int M, int V, int Begin, int End>
static VIREO_SIMD void dot_segment(const CompressedTile& t, const Values& values, const Planes& p,
                                   int64_t unit, const F (&scale)[V], F (&acc)[M][V]) {
  constexpr int segments = kUnitK / Form<C>::segment;
  I sums[M][V];
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    const I start(t.q.starts[(unit * segments + (Begin > 0)) * M + m]);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sums[m][v] = start;
  }
  dot_steps<C, M, V, Begin, End>(t, values, p, t.q.codes + unit * M * kUnitK, sums);
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    const F x(t.q.scales[unit * M + m]);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[m][v] = fma(to_float(sums[m][v]), x * scale[v], acc[m][v]);
  }
}

// The scales of a group; what its zeros take off is taken off at once.
template <int M, int V>
static VIREO_SIMD void open_group(const CompressedTile& t, int64_t group, F (&scale)[V],
                                  F (&acc)[M][V]) {
  const CompressedFormat& f = *t.format;
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    const int64_t column = t.column + v * F::lanes;
    scale[v] = grade_at<false>(f, *t.layout, t.panel, group, column).scale;
    if (f.zero_kind == WeightZero::Constant) continue;
    F zero = load_zero(f, t.panel + t.layout->zeros, group * kPanelRows + column);
    if (f.zero_kind == WeightZero::Codes) zero = zero * scale[v];
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) acc[m][v] = fnma(F(t.q.sums[group * M + m]), zero, acc[m][v]);
  }
}

template <Coding C, int M, int V>
static void quantised_tile(const CompressedTile& t) {
  const CompressedLayout& l = *t.layout;
  const Values values = values_of(*t.format);
  F acc[M][V], scale[V];
  clear(acc);
  int64_t group = 0, left = 0;
  for (int64_t unit = 0; unit < l.units; ++unit) {
    const Planes p = planes_of<C>(l, t.panel, unit, t.column);
    prefetch(p.low, Form<C>::low * V * F::lanes * 4);
    if (left == 0) {
      open_group(t, group++, scale, acc);
      left = l.units_per_group > 0 ? l.units_per_group : 1;
    }
    --left;
    if constexpr (Form<C>::segment == kUnitK) {
      dot_segment<C, M, V, 0, 8>(t, values, p, unit, scale, acc);
    } else {
      dot_segment<C, M, V, 0, 4>(t, values, p, unit, scale, acc);
      if (l.units_per_group == 0) {
        if (group == l.groups) break;
        open_group(t, group++, scale, acc);
      }
      dot_segment<C, M, V, 4, 8>(t, values, p, unit, scale, acc);
    }
  }
  finish_columns(t.out, acc);
}

// ---- decoding

// Two rows as pairs of bf16, the first low.
static VIREO_SIMD I paired(F even, F odd) {
#ifdef __AVX512BF16__
  const __m512i low = _mm512_cvtepu16_epi32(simd::round_bf16(even)),
                high = _mm512_cvtepu16_epi32(simd::round_bf16(odd));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
#else
  const auto rounded = [](F x) {
    const I bits = as_int(x);
    return simd::sar<16>(bits + I(0x7fff) + (simd::sar<16>(bits) & I(1)));
  };
  return (rounded(even) & I(0xffff)) | simd::shl<16>(rounded(odd));
#endif
}

// Where decoded vectors go: rows of f32, or pairs of rows of bf16.
struct Rows {
  const CompressedBlock& block;
  int64_t limit;  // k of the weights: rows from here on are not stored

  VIREO_SIMD void put(int64_t k, int64_t column, F even, F odd) const {
    if (k >= limit) return;
    if (block.pairs) {
      paired(even, odd).store(static_cast<int32_t*>(block.to) + k / 2 * block.width + column);
      return;
    }
    float* to = static_cast<float*>(block.to) + k * block.width + column;
    even.store(to);
    if (k + 1 < limit) odd.store(to + block.width);
  }
};

template <Coding C, bool Zeros, int K, int End>
static VIREO_SIMD void decode_steps(const Rows& rows, const Values& values, const Planes& p,
                                    const Grade& g, int64_t k, int64_t column) {
  const CompressedFormat& f = *rows.block.format;
  rows.put(k + K, column, graded<Zeros>(value_at<C, K / 4, K % 4>(p, values), f, g),
           graded<Zeros>(value_at<C, K / 4, K % 4 + 1>(p, values), f, g));
  if constexpr (K + 2 < End) decode_steps<C, Zeros, K + 2, End>(rows, values, p, g, k, column);
}

template <Coding C, bool Zeros>
static void decode_codes(const CompressedBlock& b) {
  const CompressedFormat& f = *b.format;
  const CompressedLayout& l = *b.layout;
  const Values values = values_of(f);
  const Rows rows{b, l.k};
  constexpr int segment = Form<C>::segment;
  const int64_t per_group = l.units_per_group > 0 ? l.units_per_group * kUnitK : segment;
  for (int64_t unit = 0; unit < l.units; ++unit) {
    const int64_t k = unit * kUnitK;
    for (int64_t column = 0; column < b.width; column += F::lanes) {
      const Planes p = planes_of<C>(l, b.panel, unit, b.column + column);
      const auto grade = [&](int64_t at) {
        const int64_t group = at / per_group < l.groups ? at / per_group : l.groups - 1;
        return grade_at<Zeros>(f, l, b.panel, group, b.column + column);
      };
      decode_steps<C, Zeros, 0, segment>(rows, values, p, grade(k), k, column);
      if constexpr (segment < kUnitK)
        decode_steps<C, Zeros, segment, kUnitK>(rows, values, p, grade(k + segment), k, column);
    }
  }
}

template <typename T>
static void decode_floats(const CompressedBlock& b) {
  const Rows rows{b, b.layout->k};
  const T* w = reinterpret_cast<const T*>(b.panel) + b.column;
  for (int64_t k = 0; k < b.layout->units * kUnitK; k += 2) {
    for (int64_t column = 0; column < b.width; column += F::lanes)
      rows.put(k, column, simd::load_as<F>(w + k * kPanelRows + column, F::lanes),
               simd::load_as<F>(w + (k + 1) * kPanelRows + column, F::lanes));
  }
}

template <Coding C>
static void decode_block(const CompressedBlock& b) {
  if constexpr (C == Coding::Bf16)
    return decode_floats<simd::bf16_t>(b);
  else if constexpr (C == Coding::F16)
    return decode_floats<simd::f16_t>(b);
  else if (b.format->zero_kind == WeightZero::Constant)
    return decode_codes<C, false>(b);
  else
    return decode_codes<C, true>(b);
}

// ---- activations

static float largest_of(const float* a, int64_t n) {
  F largest = F::zero(), odd = F::zero();
  for (int64_t i = 0; i < n; i += F::lanes) {
    const F x = n - i >= F::lanes ? F::load(a + i) : F::load(a + i, n - i);
    largest = max(largest, abs(x));
    odd = odd + (x - x);
  }
  return reduce_max(largest) + reduce_add(odd);
}

static void quantise_unit(const float* a, int64_t n, float inverse, int8_t* to, int32_t* sums) {
  const F by(inverse);
  for (int64_t half = 0; half < 2; ++half) {
    F sum = F::zero();
    for (int64_t i = 16 * half; i < 16 * half + 16; i += F::lanes) {
      const F x = n - i >= F::lanes ? F::load(a + i) : n > i ? F::load(a + i, n - i) : F::zero();
      const I q = to_int_round(x * by);
      simd::narrow(to + i, q);
      sum = sum + to_float(q);
    }
    sums[half] = static_cast<int32_t>(reduce_add(sum));
  }
}

static void narrow_row(const float* a, int64_t n, uint16_t* to) {
  auto* out = reinterpret_cast<simd::bf16_t*>(to);
  for (int64_t i = 0; i < n; i += F::lanes) {
    if (n - i >= F::lanes)
      simd::store_as(out + i, F::load(a + i), F::lanes);
    else
      simd::store_as(out + i, F::load(a + i, n - i), n - i);
  }
}

// ---- the table

template <int C>
constexpr void fill_codings(CompressedKernel& kernel) {
  constexpr Coding coding = static_cast<Coding>(C);
  kernel.exact[C][0] = exact_tile<coding, kTileRowCounts[0], kColumns[0]>;
  kernel.exact[C][1] = exact_tile<coding, kTileRowCounts[1], kColumns[1]>;
  if constexpr (Form<coding>::low < 16) {
    kernel.quantised[C][0] = quantised_tile<coding, kTileRowCounts[0], kColumns[0]>;
    kernel.quantised[C][1] = quantised_tile<coding, kTileRowCounts[1], kColumns[1]>;
    if constexpr (kColumns[2] > 0)
      kernel.quantised[C][2] = quantised_tile<coding, kTileRowCounts[2], kColumns[2]>;
  }
  kernel.decode[C] = decode_block<coding>;
  if constexpr (C + 1 < kCodingCount) fill_codings<C + 1>(kernel);
}

constexpr CompressedKernel make_compressed(const char* name) {
  CompressedKernel kernel{};
  kernel.name = name;
  for (int i = 0; i < kTileSizes; ++i) kernel.columns[i] = kColumns[i] * F::lanes;
  fill_codings<0>(kernel);
  kernel.largest = largest_of;
  kernel.quantise = quantise_unit;
  kernel.narrow = narrow_row;
  return kernel;
}
