// Attention on products of bf16: scores and weights meet keys and values as pairs; after generic.h
// and gemm/pairs_avx512.h, on sixteen lanes. Softmax and running sums are f32; weights are rounded
// to bf16.

struct PairProducts {
  // keys[d / 2][key]: pairs of a key's elements, turned over sixteen by sixteen.
  static VIREO_SIMD void take_keys(const bf16_t* k, int64_t stride, int64_t n, int64_t head_size,
                                   const Block& b) {
    for (int64_t d = 0; d < head_size; d += 2 * F::lanes) {
      const int64_t left = head_size - d, pairs = left < 2 * F::lanes ? (left + 1) / 2 : F::lanes;
      const __mmask32 there = left < 2 * F::lanes ? (__mmask32)((1u << left) - 1) : 0xffffffff;
      for (int64_t first = 0; first < b.width; first += F::lanes) {
        F r[F::lanes];
#pragma GCC unroll 16
        for (int i = 0; i < F::lanes; ++i)
          r[i] = first + i < n ? F(_mm512_castsi512_ps(
                                     _mm512_maskz_loadu_epi16(there, k + (first + i) * stride + d)))
                               : F::zero();
        transpose(r);
#pragma GCC unroll 16
        for (int i = 0; i < F::lanes; ++i)
          if (i < pairs) r[i].store(b.keys + (d / 2 + i) * kKeys + first);
      }
    }
  }

  template <int Rows, int Vectors>
  static VIREO_SIMD void score_tile(const uint16_t* q, int64_t stride, const float* keys,
                                    int64_t head_size, float* scores) {
    F a[Rows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; ++v) a[r][v] = F::zero();
    for (int64_t d = 0; d < head_size; d += 2, keys += kKeys) {
      Pairs key[Vectors];
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; ++v) key[v] = load_pairs((const uint16_t*)(keys + v * F::lanes));
      const bool whole = d + 1 < head_size;
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        uint32_t pair = q[r * stride + d];
        if (whole) __builtin_memcpy(&pair, q + r * stride + d, 4);
        const Pairs query = spread(pair);
#pragma GCC unroll 16
        for (int v = 0; v < Vectors; ++v) a[r][v] = dot(a[r][v], query, key[v]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; ++v) a[r][v].store(scores + r * kKeys + v * F::lanes);
  }
  template <int Rows>
  static VIREO_SIMD void score_some(const uint16_t* q, int64_t stride, int64_t head_size,
                                    const Block& b, float* scores) {
    int64_t k = 0;
    for (; k + 4 * F::lanes <= b.width; k += 4 * F::lanes)
      score_tile<Rows, 4>(q, stride, b.keys + k, head_size, scores + k);
    for (; k < b.width; k += F::lanes)
      score_tile<Rows, 1>(q, stride, b.keys + k, head_size, scores + k);
  }
  static VIREO_SIMD void score(const bf16_t* queries, int64_t stride, int64_t rows,
                               int64_t head_size, const Block& b) {
    const uint16_t* q = (const uint16_t*)queries;
    int64_t r = 0;
    for (; r + 6 <= rows; r += 6)
      score_some<6>(q + r * stride, stride, head_size, b, b.scores + r * kKeys);
    for (; r < rows; ++r) score_some<1>(q + r * stride, stride, head_size, b, b.scores + r * kKeys);
  }

  // values[key / 2][column]: a column's elements of two keys side by side.
  static VIREO_SIMD void take_values(const bf16_t* v, int64_t stride, int64_t n, int64_t size,
                                     const Block& b) {
    using I = typename F::ints;
    for (int64_t k = 0; k < n; k += 2)
      for_lanes<F>(0, size, [&](int64_t c, int64_t width) VIREO_LAMBDA {
        const I low = as_int(load_as<F>(v + k * stride + c, width));
        const I high = k + 1 < n ? as_int(load_as<F>(v + (k + 1) * stride + c, width)) : I(0);
        ((sar<16>(low) & I(0xffff)) | high).store((int32_t*)b.values + k / 2 * b.out_stride + c);
      });
  }
  // The weights of a row, in place: pairs of keys.
  static VIREO_SIMD void round_weights(float* weights, int64_t width) {
    for (int64_t k = 0; k < width; k += F::lanes)
      store_as((bf16_t*)weights + k, F::load(weights + k), F::lanes);
  }
  template <int Rows, int Vectors>
  static VIREO_SIMD void value_tile(const float* weights, const float* values, int64_t pairs,
                                    float* out, int64_t stride) {
    F a[Rows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int x = 0; x < Vectors; ++x) a[r][x] = F::load(out + r * stride + x * F::lanes);
    for (int64_t k = 0; k < pairs; ++k, values += stride) {
      Pairs value[Vectors];
#pragma GCC unroll 16
      for (int x = 0; x < Vectors; ++x)
        value[x] = load_pairs((const uint16_t*)(values + x * F::lanes));
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        uint32_t pair;
        __builtin_memcpy(&pair, weights + r * kKeys + k, 4);
        const Pairs weight = spread(pair);
#pragma GCC unroll 16
        for (int x = 0; x < Vectors; ++x) a[r][x] = dot(a[r][x], weight, value[x]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int x = 0; x < Vectors; ++x) a[r][x].store(out + r * stride + x * F::lanes);
  }
  template <int Rows>
  static VIREO_SIMD void add_some(const Block& b, int64_t row, int64_t pairs) {
    const float* weights = b.scores + row * kKeys;
    float* out = b.out + row * b.out_stride;
    int64_t c = 0;
    for (; c + 4 * F::lanes <= b.out_stride; c += 4 * F::lanes)
      value_tile<Rows, 4>(weights, b.values + c, pairs, out + c, b.out_stride);
    for (; c < b.out_stride; c += F::lanes)
      value_tile<Rows, 1>(weights, b.values + c, pairs, out + c, b.out_stride);
  }
  static VIREO_SIMD void add_values(const bf16_t* v, int64_t stride, int64_t n, int64_t rows,
                                    int64_t value_size, const Block& b) {
    take_values(v, stride, n, value_size, b);
    for (int64_t r = 0; r < rows; ++r) round_weights(b.scores + r * kKeys, b.width);
    int64_t r = 0;
    for (; r + 6 <= rows; r += 6) add_some<6>(b, r, (n + 1) / 2);
    for (; r < rows; ++r) add_some<1>(b, r, (n + 1) / 2);
  }
};

static void attention_rows_bf16(const AttentionParams& p, const AttentionArgs& a, int64_t batch,
                                int64_t head, int64_t begin, int64_t end, float* scratch) {
  if (p.type == DataType::bf16)
    attention_block<bf16_t, PairProducts>(p, a, batch, head, begin, end, scratch);
  else
    attention_rows(p, a, batch, head, begin, end, scratch);
}

constexpr AttentionTable kPairTable = {attention_rows_bf16};
