// Attention over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

using namespace simd;

constexpr int64_t kRows = kAttentionRows, kKeys = kAttentionKeys;
constexpr int kTileRows = 6;
constexpr int kTileVectors = F::lanes == 16 ? 4 : 2;

struct Block {
  float* keys;           // [head_size, kKeys]: the keys of a block, transposed
  float* scores;         // [kRows, kKeys]
  float* out;            // [kRows, out_stride]
  float* queries;        // [kRows, head_size], for products that need them in f32
  float* values;         // [kKeys / 2, out_stride] pairs of bf16, for products of those
  float *maximum, *sum;  // [kRows]
  int64_t out_stride;
  int64_t width;  // keys of this block, rounded up to whole vectors
};

// keys[d][k] = k[k][d]; keys beyond n are 0.
template <typename S>
VIREO_SIMD void transpose_keys(const S* k, int64_t stride, int64_t n, int64_t head_size,
                               const Block& b) {
  for_lanes<F>(0, head_size, [&](int64_t d, int64_t width) VIREO_LAMBDA {
    for (int64_t first = 0; first < b.width; first += F::lanes) {
      F r[F::lanes];
#pragma GCC unroll 16
      for (int i = 0; i < F::lanes; ++i)
        r[i] = first + i < n ? load_as<F>(k + (first + i) * stride + d, width) : F::zero();
      transpose(r);
#pragma GCC unroll 16
      for (int i = 0; i < F::lanes; ++i)
        if (i < width) r[i].store(b.keys + (d + i) * kKeys + first);
    }
  });
}

template <int Rows, int Vectors>
VIREO_SIMD void score_tile(const float* q, int64_t q_stride, const float* keys, int64_t head_size,
                           float* scores) {
  F a[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) a[r][v] = F::zero();
  for (int64_t d = 0; d < head_size; ++d) {
    F key[Vectors];
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) key[v] = F::load(keys + d * kKeys + v * F::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const F query(q[r * q_stride + d]);
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; ++v) a[r][v] = fma(query, key[v], a[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) a[r][v].store(scores + r * kKeys + v * F::lanes);
}

template <int Rows>
VIREO_SIMD void score_some(const float* q, int64_t stride, int64_t head_size, const Block& b,
                           float* scores) {
  int64_t k = 0;
  for (; k + kTileVectors * F::lanes <= b.width; k += kTileVectors * F::lanes)
    score_tile<Rows, kTileVectors>(q, stride, b.keys + k, head_size, scores + k);
  for (; k < b.width; k += F::lanes)
    score_tile<Rows, 1>(q, stride, b.keys + k, head_size, scores + k);
}

// out[r] += sum over the n keys of probability * v, `vectors` vectors wide from column c; the last
// may have a tail.
template <int Rows, int Vectors, typename S>
VIREO_SIMD void value_tile(const float* scores, const S* v, int64_t stride, int64_t n, float* out,
                           int64_t out_stride, int64_t width) {
  F a[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int x = 0; x < Vectors; ++x) a[r][x] = F::load(out + r * out_stride + x * F::lanes);
  for (int64_t k = 0; k < n; ++k) {
    F value[Vectors];
#pragma GCC unroll 16
    for (int x = 0; x < Vectors; ++x)
      value[x] =
          load_as<F>(v + k * stride + x * F::lanes, Vectors == 1 ? width : (int64_t)F::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const F weight(scores[r * kKeys + k]);
#pragma GCC unroll 16
      for (int x = 0; x < Vectors; ++x) a[r][x] = fma(weight, value[x], a[r][x]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int x = 0; x < Vectors; ++x) a[r][x].store(out + r * out_stride + x * F::lanes);
}

template <int Rows, typename S>
VIREO_SIMD void add_to_rows(const float* scores, const S* v, int64_t stride, int64_t n,
                            int64_t value_size, float* out, int64_t out_stride) {
  int64_t c = 0;
  for (; c + kTileVectors * F::lanes <= value_size; c += kTileVectors * F::lanes)
    value_tile<Rows, kTileVectors>(scores, v + c, stride, n, out + c, out_stride, F::lanes);
  if constexpr (kTileVectors > 2)
    for (; c + 2 * F::lanes <= value_size; c += 2 * F::lanes)
      value_tile<Rows, 2>(scores, v + c, stride, n, out + c, out_stride, F::lanes);
  for (; c < value_size; c += F::lanes) {
    const int64_t width = value_size - c < F::lanes ? value_size - c : F::lanes;
    value_tile<Rows, 1>(scores, v + c, stride, n, out + c, out_stride, width);
  }
}

// The mask of `width` keys from element `at`.
VIREO_SIMD F load_mask(const AttentionParams& p, const void* mask, int64_t at, int64_t width) {
  if (p.mask == AttentionMask::additive) {
    const float* from = static_cast<const float*>(mask) + at;
    if (p.mask_col == 1) return F::load(from, width);
    if (p.mask_col == 0) return F(*from);
  }
  float lanes[F::lanes] = {};
  for (int64_t i = 0; i < width; ++i)
    lanes[i] = p.mask == AttentionMask::additive
                   ? static_cast<const float*>(mask)[at + i * p.mask_col]
                   : (float)static_cast<const uint8_t*>(mask)[at + i * p.mask_col];
  return F::load(lanes);
}

// Scales and masks the n scores of a row that the query may see, hides the rest of the block, and
// returns the largest.
VIREO_SIMD float mask_row(const AttentionParams& p, const void* mask, int64_t at, int64_t n,
                          int64_t block_width, float* scores) {
  const F scale(p.scale), excluded(-__builtin_inff());
  F largest = excluded;
  for_lanes<F>(0, n, [&](int64_t k, int64_t width) VIREO_LAMBDA {
    F s = F::load(scores + k) * scale;
    if (p.mask != AttentionMask::none) {
      const F m = load_mask(p, mask, at + k * p.mask_col, width);
      s = p.mask == AttentionMask::additive ? s + m : select(ne(m, F::zero()), s, excluded);
    }
    if (width < F::lanes) s = select(first_lanes<F>(width), s, excluded);
    s.store(scores + k);
    largest = max(s, largest);
  });
  for (int64_t k = (n + F::lanes - 1) / F::lanes * F::lanes; k < block_width; k += F::lanes)
    excluded.store(scores + k);
  return reduce_max(largest);
}

// Turns one row of scaled scores, the largest of which is `found`, into weights and brings the
// row's running maximum, sum and output up to date.
VIREO_SIMD void soften_row(const Block& b, int64_t row, float found, int64_t value_size) {
  float* s = b.scores + row * kKeys;
  const float before = b.maximum[row], now = found > before ? found : before;
  const F shift(now == -__builtin_inff() ? 0.0f : now);
  F total = F::zero();
  for (int64_t k = 0; k < b.width; k += F::lanes) {
    const F e = exp_nonpositive(F::load(s + k) - shift);
    e.store(s + k);
    total = total + e;
  }
  b.maximum[row] = now;
  if (now == before) {
    b.sum[row] += reduce_add(total);
    return;
  }
  float factor[F::lanes];
  exp_nonpositive(F(before) - shift).store(factor);
  b.sum[row] = b.sum[row] * factor[0] + reduce_add(total);
  float* out = b.out + row * b.out_stride;
  for (int64_t c = 0; c < value_size; c += F::lanes)
    (F::load(out + c) * F(factor[0])).store(out + c);
}

VIREO_SIMD void score_rows(const float* q, int64_t stride, int64_t rows, int64_t head_size,
                           const Block& b) {
  int64_t r = 0;
  for (; r + kTileRows <= rows; r += kTileRows)
    score_some<kTileRows>(q + r * stride, stride, head_size, b, b.scores + r * kKeys);
  for (; r + 3 <= rows; r += 3)
    score_some<3>(q + r * stride, stride, head_size, b, b.scores + r * kKeys);
  for (; r < rows; ++r) score_some<1>(q + r * stride, stride, head_size, b, b.scores + r * kKeys);
}

// How scores and sums of values come about, in f32; S is what q, k and v are stored in.
template <typename S>
struct WideProducts {
  static VIREO_SIMD void take_keys(const S* k, int64_t stride, int64_t n, int64_t head_size,
                                   const Block& b) {
    transpose_keys(k, stride, n, head_size, b);
  }
  static VIREO_SIMD void score(const S* q, int64_t stride, int64_t rows, int64_t head_size,
                               const Block& b) {
    if constexpr (sizeof(S) == sizeof(float)) {
      score_rows(q, stride, rows, head_size, b);
    } else {
      for (int64_t r = 0; r < rows; ++r)
        for_lanes<F>(0, head_size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
          load_as<F>(q + r * stride + i, n).store(b.queries + r * head_size + i, n);
        });
      score_rows(b.queries, head_size, rows, head_size, b);
    }
  }
  static VIREO_SIMD void add_values(const S* v, int64_t stride, int64_t n, int64_t rows,
                                    int64_t value_size, const Block& b) {
    int64_t r = 0;
    for (; r + kTileRows <= rows; r += kTileRows)
      add_to_rows<kTileRows>(b.scores + r * kKeys, v, stride, n, value_size,
                             b.out + r * b.out_stride, b.out_stride);
    for (; r + 3 <= rows; r += 3)
      add_to_rows<3>(b.scores + r * kKeys, v, stride, n, value_size, b.out + r * b.out_stride,
                     b.out_stride);
    for (; r < rows; ++r)
      add_to_rows<1>(b.scores + r * kKeys, v, stride, n, value_size, b.out + r * b.out_stride,
                     b.out_stride);
  }
};

// S is what q, k, v and the output are stored in.
template <typename S, typename Products>
void attention_block(const AttentionParams& p, const AttentionArgs& a, int64_t batch, int64_t head,
                     int64_t begin, int64_t end, float* scratch) {
  const int64_t rows = end - begin, kv_head = head / (p.heads / p.kv_heads);
  Block b;
  b.out_stride = (p.value_size + F::lanes - 1) / F::lanes * F::lanes;
  b.keys = scratch;
  b.scores = b.keys + p.head_size * kKeys;
  b.maximum = b.scores + kRows * kKeys;
  b.sum = b.maximum + kRows;
  b.out = b.sum + kRows;
  for (int64_t r = 0; r < rows; ++r) b.maximum[r] = -__builtin_inff(), b.sum[r] = 0;
  for (int64_t i = 0; i < rows * b.out_stride; ++i) b.out[i] = 0;

  b.queries = b.out + kRows * b.out_stride;
  b.values = b.queries + kRows * ((p.head_size + 15) / 16 * 16);
  const S* q =
      static_cast<const S*>(a.q) + batch * p.q.batch + head * p.q.head + begin * p.q.position;
  const S* keys = static_cast<const S*>(a.k) + batch * p.k.batch + kv_head * p.k.head;
  const S* values = static_cast<const S*>(a.v) + batch * p.v.batch + kv_head * p.v.head;
  const int64_t past = a.kv_length - p.q_length;
  int64_t visible = a.kv_length;
  if (p.causal && past + end < visible) visible = past + end;
  for (int64_t first = 0; first < visible; first += kKeys) {
    const int64_t n = visible - first < kKeys ? visible - first : kKeys;
    b.width = (n + F::lanes - 1) / F::lanes * F::lanes;
    Products::take_keys(keys + first * p.k.position, p.k.position, n, p.head_size, b);
    Products::score(q, p.q.position, rows, p.head_size, b);
    for (int64_t r = 0; r < rows; ++r) {
      float* s = b.scores + r * kKeys;
      const int64_t mask_at =
          batch * p.mask_batch + head * p.mask_head + (begin + r) * p.mask_row + first * p.mask_col;
      const int64_t last = p.causal ? past + begin + r + 1 - first : n;
      const int64_t seen = last < 0 ? 0 : (last < n ? last : n);
      soften_row(b, r, mask_row(p, a.mask, mask_at, seen, b.width, s), p.value_size);
    }
    Products::add_values(values + first * p.v.position, p.v.position, n, rows, p.value_size, b);
  }
  for (int64_t r = 0; r < rows; ++r) {
    S* dst = static_cast<S*>(a.out) + batch * p.out.batch + head * p.out.head +
             (begin + r) * p.out.position;
    const F factor(b.sum[r] > 0 || b.sum[r] != b.sum[r] ? 1.0f / b.sum[r] : 0.0f);
    for_lanes<F>(0, p.value_size, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      store_as(dst + c, F::load(b.out + r * b.out_stride + c) * factor, n);
    });
  }
}

void attention_rows(const AttentionParams& p, const AttentionArgs& a, int64_t batch, int64_t head,
                    int64_t begin, int64_t end, float* scratch) {
  if (p.type == DataType::bf16)
    attention_block<bf16_t, WideProducts<bf16_t>>(p, a, batch, head, begin, end, scratch);
  else
    attention_block<float, WideProducts<float>>(p, a, batch, head, begin, end, scratch);
}

constexpr AttentionTable kTable = {attention_rows};
