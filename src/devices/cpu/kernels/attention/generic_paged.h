// Attention over pages, on F = vec<float, N>; included inside the unnamed namespace of each ISA
// file, behind generic_pages.h.

constexpr int64_t kChunk = kChunkTokens;
constexpr int kChunkPages = int(kChunk / kPage);
// With more rows than this codes are widened once for all of them.
constexpr int64_t kWidenRows = 12;

struct PagedBlock {
  float* queries;        // [rows, query_stride], scaled
  float* scores;         // [rows, kChunk]
  float *chunk, *total;  // [rows, out_stride]: sums of values of a chunk, of all chunks
  float *chunk_max, *chunk_sum, *total_max, *total_sum, *query_sum;  // [rows]
  float* keys;    // [kChunkPages, head_size, kPage]
  float* values;  // [kChunk, value_size]
  int64_t query_stride, out_stride;
};

PagedBlock paged_block(const PagedLayout& l, float* scratch) {
  PagedBlock b;
  b.query_stride = (l.head_size + 15) / 16 * 16;
  b.out_stride = (l.value_size + 15) / 16 * 16;
  b.queries = scratch;
  b.scores = b.queries + kRows * b.query_stride;
  b.chunk = b.scores + kRows * kChunk;
  b.total = b.chunk + kRows * b.out_stride;
  b.chunk_max = b.total + kRows * b.out_stride;
  b.chunk_sum = b.chunk_max + kRows;
  b.total_max = b.chunk_sum + kRows;
  b.total_sum = b.total_max + kRows;
  b.query_sum = b.total_sum + kRows;
  b.keys = b.query_sum + 2 * kRows;
  b.values = b.keys + kChunk * b.query_stride;
  return b;
}

// Calls f for `count` rows in tiles of at most six: f(first row, number of rows as a constant).
template <int N>
struct RowCount {
  static constexpr int rows = N;
};
template <typename Fn>
VIREO_SIMD void for_row_tiles(int64_t count, Fn f) {
  int64_t r = 0;
  for (; r + 6 <= count; r += 6) f(r, RowCount<6>());
  switch (count - r) {
    case 5: return f(r, RowCount<5>());
    case 4: return f(r, RowCount<4>());
    case 3: return f(r, RowCount<3>());
    case 2: return f(r, RowCount<2>());
    case 1: return f(r, RowCount<1>());
  }
}

// A page that is read next. Few queries are done with a page long before memory is, and pages lie
// too far apart for the hardware to guess the next.
struct Ahead {
  const uint8_t* page = nullptr;
  int64_t bytes = 0, step = 0;  // lines asked for at a time
};
Ahead ahead_of(const uint8_t* page, size_t bytes, int64_t times) {
  const int64_t lines = (int64_t)(bytes + 63) / 64;
  return {page, (int64_t)bytes, (lines + times - 1) / times};
}
VIREO_SIMD void fetch(const Ahead& a, int64_t time) {
  for (int64_t at = time * a.step * 64, n = a.step; n-- > 0 && at < a.bytes; at += 64)
    __builtin_prefetch(a.page + at, 0, 2);
}

// Scores of some rows with the keys of a page.
template <int Rows, typename T>
VIREO_SIMD void score_page_tile(const float* q, int64_t q_stride, const float* query_sum,
                                const T* keys, int64_t head_size, const Ahead& ahead,
                                float* scores) {
  constexpr int kVectors = 2;
  for (int64_t k = 0; k < kPage; k += kVectors * F::lanes) {
    F a[Rows][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) a[r][v] = F::zero();
    for (int64_t d = 0; d < head_size; ++d) {
      if (k == 0) fetch(ahead, d);
      F key[kVectors];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v)
        key[v] = load_as<F>(keys + d * kPage + k + v * F::lanes, (int64_t)F::lanes);
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        const F query(q[r * q_stride + d]);
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) a[r][v] = fma(query, key[v], a[r][v]);
      }
    }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = k + v * F::lanes;
      F scale(1.0f), zero = F::zero();
      if constexpr (Codes<T>::packed) {
        const float* from = scales_of(keys, head_size) + at;
        scale = F::load(from), zero = F::load(from + kPage);
      }
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        if constexpr (Codes<T>::packed) a[r][v] = (a[r][v] - zero * F(query_sum[r])) * scale;
        a[r][v].store(scores + r * kChunk + at);
      }
    }
  }
}

template <typename T>
void score_page(const PagedBlock& b, int64_t rows, const T* keys, int64_t head_size,
                const Ahead& ahead, int64_t at) {
  for_row_tiles(rows, [&](int64_t r, auto tile) VIREO_LAMBDA {
    score_page_tile<decltype(tile)::rows>(b.queries + r * b.query_stride, b.query_stride,
                                          b.query_sum + r, keys, head_size,
                                          r == 0 ? ahead : Ahead(), b.scores + r * kChunk + at);
  });
}

// Sums of the values of n tokens, weighted by their scores, from column c on.
template <int Rows, int Vectors, typename T>
VIREO_SIMD void value_page_tile(const float* scores, const T* const* pages, int64_t stride,
                                int64_t n, const Ahead* ahead, float* out, int64_t out_stride,
                                int64_t width) {
  F a[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int x = 0; x < Vectors; ++x) a[r][x] = F::zero();
  for (int64_t first = 0; first < n; first += kPage) {
    const T* v = *pages++;
    const int64_t tokens = n - first < kPage ? n - first : kPage;
    for (int64_t t = 0; t < tokens; ++t) {
      if (ahead) fetch(ahead[first / kPage], t);
      F value[Vectors];
#pragma GCC unroll 16
      for (int x = 0; x < Vectors; ++x)
        value[x] =
            load_as<F>(v + t * stride + x * F::lanes, Vectors == 1 ? width : (int64_t)F::lanes);
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        const F weight(scores[r * kChunk + first + t]);
#pragma GCC unroll 16
        for (int x = 0; x < Vectors; ++x) a[r][x] = fma(weight, value[x], a[r][x]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int x = 0; x < Vectors; ++x) a[r][x].store(out + r * out_stride + x * F::lanes);
}

template <typename T>
void sum_values(const PagedBlock& b, int64_t rows, const T* const* pages, int64_t value_size,
                int64_t n, const Ahead* ahead) {
  for_row_tiles(rows, [&](int64_t r, auto tile) VIREO_LAMBDA {
    constexpr int kTile = decltype(tile)::rows;
    const float* scores = b.scores + r * kChunk;
    float* out = b.chunk + r * b.out_stride;
    const T* at[kChunkPages];
    int64_t c = 0;
    const auto column = [&](int64_t to) VIREO_LAMBDA {
      for (int i = 0; i < kChunkPages; ++i) at[i] = pages[i] ? pages[i] + to : nullptr;
    };
    for (; c + kTileVectors * F::lanes <= value_size; c += kTileVectors * F::lanes) {
      column(c);
      value_page_tile<kTile, kTileVectors>(scores, at, value_size, n, r + c == 0 ? ahead : nullptr,
                                           out + c, b.out_stride, F::lanes);
    }
    for (; c < value_size; c += F::lanes) {
      column(c);
      const int64_t width = value_size - c < F::lanes ? value_size - c : F::lanes;
      value_page_tile<kTile, 1>(scores, at, value_size, n, r + c == 0 ? ahead : nullptr, out + c,
                                b.out_stride, width);
    }
  });
}

// What a query sees of a chunk.
struct Sight {
  int64_t first = 0, last = 0;     // tokens of the chunk
  const uint8_t* shown = nullptr;  // of the chunk's tokens
  float slope = 0;
  int64_t position = 0;  // of the chunk's first token
};

// Turns the scores of a row with a chunk of n tokens into weights; gives the largest and the sum.
VIREO_SIMD void soften_chunk(const PagedParams& p, const Sight& see, int64_t n, float* s,
                             float* largest_out, float* sum_out) {
  const F excluded(-__builtin_inff());
  F largest = excluded;
  float count[F::lanes];
  for (int i = 0; i < F::lanes; ++i) count[i] = (float)i;
  for (int64_t k = 0; k < n; k += F::lanes) {
    F x = F::load(s + k);
    if (p.soft_cap != 0) x = F(p.soft_cap) * tanh(x * F(1 / p.soft_cap));
    if (see.slope != 0) x = fma(F(see.slope), F((float)(see.position + k)) + F::load(count), x);
    auto seen = first_lanes<F>(see.last - k) & !first_lanes<F>(see.first - k);
    if (see.shown) {
      const int64_t width = n - k < F::lanes ? n - k : F::lanes;
      seen = seen & ne(load_as<F>(see.shown + k, width), F::zero());
    }
    x = select(seen, x, excluded);
    x.store(s + k);
    largest = max(x, largest);
  }
  const float found = reduce_max(largest);
  const F shift(found == -__builtin_inff() ? 0.0f : found);
  F total = F::zero();
  for (int64_t k = 0; k < n; k += F::lanes) {
    const F e = exp_nonpositive(F::load(s + k) - shift);
    e.store(s + k);
    total = total + e;
  }
  *largest_out = found;
  *sum_out = reduce_add(total);
}

// Weights become those of codes; gives what the zeros take off every column.
VIREO_SIMD float weigh_codes(float* scores, const uint8_t* const* pages, int64_t value_size,
                             int64_t n) {
  F off = F::zero();
  for_lanes<F>(0, n, [&](int64_t k, int64_t width) VIREO_LAMBDA {
    const float* scales = scales_of(pages[k / kPage], value_size) + k % kPage;
    const F w = F::load(scores + k, width) * F::load(scales, width);
    off = fma(w, F::load(scales + kPage, width), off);
    w.store(scores + k, width);
  });
  return reduce_add(off);
}

// Joins the sums of a chunk to those so far.
VIREO_SIMD void join_chunk(float* total, float* total_max, float* total_sum, const float* chunk,
                           float chunk_max, float chunk_sum, int64_t size) {
  if (chunk_max == -__builtin_inff()) return;  // nothing was seen
  const float now = *total_max > chunk_max ? *total_max : chunk_max;
  const F before = exp_nonpositive(F(*total_max) - F(now)),
          added = exp_nonpositive(F(chunk_max) - F(now));
  float factors[2][F::lanes];
  before.store(factors[0]);
  added.store(factors[1]);
  for_lanes<F>(0, size, [&](int64_t c, int64_t n) VIREO_LAMBDA {
    fma(F::load(chunk + c, n), added, F::load(total + c, n) * before).store(total + c, n);
  });
  *total_sum = *total_sum * factors[0][0] + chunk_sum * factors[1][0];
  *total_max = now;
}

VIREO_SIMD void finish_row(const float* total, float sum, int64_t size, float* out) {
  const F factor(sum > 0 || sum != sum ? 1.0f / sum : 0.0f);
  for_lanes<F>(0, size, [&](int64_t c, int64_t n) VIREO_LAMBDA {
    (F::load(total + c, n) * factor).store(out + c, n);
  });
}

template <typename T>
void score_chunk(const PagedParams& p, const PagedBlock& b, const PagedRow& row, int64_t head,
                 int64_t rows, int64_t first_page, int64_t pages) {
  const PagedLayout& l = p.layout;
  for (int64_t i = 0; i < pages; ++i) {
    const T* page = (const T*)(row.blocks[first_page + i] + l.keys + size_t(head) * l.key_page);
    Ahead ahead;
    if (rows <= kWidenRows)
      ahead = ahead_of(row.blocks[first_page + i] + l.values + size_t(head) * l.value_page,
                       l.value_page, l.head_size);
    if (sizeof(T) == sizeof(float) || rows <= kWidenRows) {
      score_page(b, rows, page, l.head_size, ahead, i * kPage);
    } else {
      widen_keys(page, l.head_size, b.keys);
      score_page<float>(b, rows, b.keys, l.head_size, ahead, i * kPage);
    }
  }
}

template <typename T>
void sum_chunk(const PagedParams& p, const PagedBlock& b, const PagedRow& row, int64_t head,
               int64_t rows, int64_t first_page, int64_t n) {
  const PagedLayout& l = p.layout;
  const T* pages[kChunkPages] = {};
  Ahead ahead[kChunkPages];  // the keys of the next chunk
  const int64_t all_pages = (row.past + row.fresh + kPage - 1) / kPage;
  const float* wide[kChunkPages] = {};
  const bool widen = sizeof(T) != sizeof(float) && rows > kWidenRows;
  for (int64_t i = 0; i * kPage < n; ++i) {
    pages[i] = (const T*)(row.blocks[first_page + i] + l.values + size_t(head) * l.value_page);
    const int64_t next = first_page + kChunkPages + i;
    if (rows <= kWidenRows && next < all_pages)
      ahead[i] = ahead_of(row.blocks[next] + l.keys + size_t(head) * l.key_page, l.key_page, kPage);
    if (!widen) continue;
    const int64_t tokens = n - i * kPage < kPage ? n - i * kPage : kPage;
    float* to = b.values + i * kPage * l.value_size;
    widen_values(pages[i], 0, tokens, l.value_size, to);
    wide[i] = to;
  }
  if (widen) return sum_values<float>(b, rows, wide, l.value_size, n, nullptr);
  if constexpr (Codes<T>::packed) {
    for (int64_t r = 0; r < rows; ++r)
      b.query_sum[kRows + r] = weigh_codes(b.scores + r * kChunk, pages, l.value_size, n);
    sum_values(b, rows, pages, l.value_size, n, ahead);
    for (int64_t r = 0; r < rows; ++r) {
      const F off(b.query_sum[kRows + r]);
      float* out = b.chunk + r * b.out_stride;
      for_lanes<F>(0, l.value_size, [&](int64_t c, int64_t width) VIREO_LAMBDA {
        (F::load(out + c, width) - off).store(out + c, width);
      });
    }
  } else {
    sum_values(b, rows, pages, l.value_size, n, ahead);
  }
}

void take_queries(const PagedParams& p, const PagedRow& row, int64_t head, int64_t begin,
                  int64_t end, const float* q, const PagedBlock& b) {
  const int64_t group = p.heads / p.layout.kv_heads;
  const F scale(p.scale);
  for (int64_t r = begin; r < end; ++r) {
    const float* from = q + row.batch * p.q.batch + (head * group + r % group) * p.q.head +
                        (row.first + r / group) * p.q.position;
    float* to = b.queries + (r - begin) * b.query_stride;
    F sum = F::zero();
    for_lanes<F>(0, p.layout.head_size, [&](int64_t d, int64_t n) VIREO_LAMBDA {
      const F x = F::load(from + d, n) * scale;
      x.store(to + d, n);
      sum = sum + x;
    });
    b.query_sum[r - begin] = reduce_add(sum);
  }
}

Sight sight_of(const PagedParams& p, const PagedRow& row, int64_t head, int64_t r, int64_t chunk,
               int64_t n) {
  const int64_t group = p.heads / p.layout.kv_heads;
  Sight s;
  s.position = chunk * kChunk;
  const int64_t at = row.past + r / group - s.position;  // of the query, in the chunk
  s.first = p.window && at - p.window + 1 > 0 ? at - p.window + 1 : 0;
  s.last = p.causal && at + 1 < n ? (at + 1 < 0 ? 0 : at + 1) : n;
  if (s.first > s.last) s.first = s.last;
  if (row.shown) s.shown = row.shown + s.position;
  if (p.slopes) s.slope = p.slopes[head * group + r % group];
  return s;
}

void paged_attend(const PagedParams& p, const PagedRow& row, int64_t head, int64_t begin,
                  int64_t end, int64_t first, int64_t last, const float* q, float* partial,
                  float* out, float* scratch) {
  const PagedLayout& l = p.layout;
  const PagedBlock b = paged_block(l, scratch);
  const int64_t rows = end - begin, group = p.heads / l.kv_heads, all = row.past + row.fresh;
  take_queries(p, row, head, begin, end, q, b);
  for (int64_t r = 0; r < rows; ++r) b.total_max[r] = -__builtin_inff(), b.total_sum[r] = 0;
  for (int64_t i = 0; i < rows * b.out_stride; ++i) b.total[i] = 0;
  for (int64_t chunk = first; chunk < last; ++chunk) {
    const int64_t n = all - chunk * kChunk < kChunk ? all - chunk * kChunk : kChunk;
    const int64_t page = chunk * kChunkPages, pages = (n + kPage - 1) / kPage;
    switch (l.key_type) {
      case DataType::bf16: score_chunk<bf16_t>(p, b, row, head, rows, page, pages); break;
      case DataType::u8: score_chunk<uint8_t>(p, b, row, head, rows, page, pages); break;
      default: score_chunk<float>(p, b, row, head, rows, page, pages);
    }
    for (int64_t r = 0; r < rows; ++r)
      soften_chunk(p, sight_of(p, row, head, begin + r, chunk, n), n, b.scores + r * kChunk,
                   b.chunk_max + r, b.chunk_sum + r);
    switch (l.value_type) {
      case DataType::bf16: sum_chunk<bf16_t>(p, b, row, head, rows, page, n); break;
      case DataType::u8: sum_chunk<uint8_t>(p, b, row, head, rows, page, n); break;
      default: sum_chunk<float>(p, b, row, head, rows, page, n);
    }
    for (int64_t r = 0; r < rows; ++r)
      join_chunk(b.total + r * b.out_stride, b.total_max + r, b.total_sum + r,
                 b.chunk + r * b.out_stride, b.chunk_max[r], b.chunk_sum[r], l.value_size);
  }
  if (partial) {
    for (int64_t i = 0; i < rows * b.out_stride; ++i) partial[i] = b.total[i];
    float* more = partial + rows * b.out_stride;
    for (int64_t r = 0; r < rows; ++r) more[r] = b.total_max[r], more[rows + r] = b.total_sum[r];
    return;
  }
  for (int64_t r = 0; r < rows; ++r)
    finish_row(b.total + r * b.out_stride, b.total_sum[r], l.value_size,
               out + row.batch * p.out.batch + (head * group + (begin + r) % group) * p.out.head +
                   (row.first + (begin + r) / group) * p.out.position);
}

void paged_merge(const PagedParams& p, const PagedRow& row, int64_t head, int64_t chunks,
                 const float* partials, float* out) {
  const PagedLayout& l = p.layout;
  const int64_t group = p.heads / l.kv_heads, rows = row.fresh * group,
                stride = (l.value_size + 15) / 16 * 16, unit = rows * (stride + 2);
  for (int64_t r = 0; r < rows; ++r) {
    float* to = out + row.batch * p.out.batch + (head * group + r % group) * p.out.head +
                (row.first + r / group) * p.out.position;
    float largest = -__builtin_inff(), sum = 0;
    for (int64_t c = 0; c < l.value_size; ++c) to[c] = 0;
    for (int64_t c = 0; c < chunks; ++c) {
      const float *part = partials + c * unit, *more = part + rows * stride;
      join_chunk(to, &largest, &sum, part + r * stride, more[r], more[rows + r], l.value_size);
    }
    finish_row(to, sum, l.value_size, to);
  }
}

constexpr PagedTable kPagedTable = {paged_append, paged_attend, paged_merge, paged_read_keys,
                                    paged_read_values};
