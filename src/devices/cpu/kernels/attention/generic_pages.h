// Keys and values into pages and out of them, on F = vec<float, N>; included inside the unnamed
// namespace of each ISA file, behind generic.h.

constexpr int64_t kPage = kPageTokens;

template <typename T>
struct Codes {
  static constexpr bool packed = false;
};
template <>
struct Codes<uint8_t> {
  static constexpr bool packed = true;
};

VIREO_SIMD const float* scales_of(const void* page, int64_t size) {
  return (const float*)((const uint8_t*)page + kPage * size);
}

template <typename T>
void widen_keys(const T* page, int64_t head_size, float* to) {
  for (int64_t d = 0; d < head_size; ++d)
    for (int64_t k = 0; k < kPage; k += F::lanes) {
      F x = load_as<F>(page + d * kPage + k, (int64_t)F::lanes);
      if constexpr (Codes<T>::packed) {
        const float* scales = scales_of(page, head_size) + k;
        x = (x - F::load(scales + kPage)) * F::load(scales);
      }
      x.store(to + d * kPage + k);
    }
}

template <typename T>
void widen_values(const T* page, int64_t begin, int64_t end, int64_t value_size, float* to) {
  for (int64_t t = begin; t < end; ++t) {
    F scale(1.0f), zero = F::zero();
    if constexpr (Codes<T>::packed)
      scale = F(scales_of(page, value_size)[t]), zero = F(scales_of(page, value_size)[kPage + t]);
    for_lanes<F>(0, value_size, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      F x = load_as<F>(page + t * value_size + c, n);
      if constexpr (Codes<T>::packed) x = (x - zero) * scale;
      x.store(to + (t - begin) * value_size + c, n);
    });
  }
}

// A token's codes: 0 is its smallest element, 255 its largest.
VIREO_SIMD void code_token(const float* x, int64_t size, float* scale, float* zero, uint8_t* to,
                           int64_t step) {
  F low(x[0]), high(x[0]);
  for (int64_t i = 0; i < size; i += F::lanes) {
    // The last vector reaches back, so that every lane is an element.
    const int64_t at = i + F::lanes <= size ? i : size - F::lanes;
    if (at < 0) break;
    low = min(F::load(x + at), low);
    high = max(F::load(x + at), high);
  }
  float smallest = reduce_min(low), largest = reduce_max(high);
  if (size < F::lanes)
    for (int64_t i = 0; i < size; ++i) {
      smallest = x[i] < smallest ? x[i] : smallest;
      largest = x[i] > largest ? x[i] : largest;
    }
  *scale = largest > smallest ? (largest - smallest) / 255.0f : 1.0f;
  *zero = -smallest / *scale;
  const F inverse(1.0f / *scale), from(smallest);
  for_lanes<F>(0, size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    uint8_t codes[F::lanes];
    store_as(codes, round_even((F::load(x + i, n) - from) * inverse), F::lanes);
    for (int64_t j = 0; j < n; ++j) to[(i + j) * step] = codes[j];
  });
}

VIREO_SIMD void store_token(float* page, int64_t size, int64_t slot, int64_t token_step,
                            int64_t step, const float* x) {
  float* to = page + slot * token_step;
  for (int64_t i = 0; i < size; ++i) to[i * step] = x[i];
}
VIREO_SIMD void store_token(bf16_t* page, int64_t size, int64_t slot, int64_t token_step,
                            int64_t step, const float* x) {
  bf16_t* to = page + slot * token_step;
  for_lanes<F>(0, size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    bf16_t lanes[F::lanes];
    store_as(lanes, F::load(x + i, n), F::lanes);
    for (int64_t j = 0; j < n; ++j) to[(i + j) * step] = lanes[j];
  });
}
VIREO_SIMD void store_token(uint8_t* page, int64_t size, int64_t slot, int64_t token_step,
                            int64_t step, const float* x) {
  float* scales = (float*)(page + kPage * size);
  code_token(x, size, scales + slot, scales + kPage + slot, page + slot * token_step, step);
}

template <typename T>
void append_tokens(const PagedRow& row, size_t at, int64_t size, bool across, const float* from,
                   int64_t position_stride, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end; ++t) {
    const int64_t token = row.past + t;
    T* page = (T*)(row.blocks[token / kPage] + at);
    const float* x = from + (row.first + t) * position_stride;
    if (across)
      store_token(page, size, token % kPage, 1, kPage, x);
    else
      store_token(page, size, token % kPage, size, 1, x);
  }
}

void append_any(DataType type, const PagedRow& row, size_t at, int64_t size, bool across,
                const float* from, int64_t position_stride, int64_t begin, int64_t end) {
  switch (type) {
    case DataType::bf16:
      return append_tokens<bf16_t>(row, at, size, across, from, position_stride, begin, end);
    case DataType::u8:
      return append_tokens<uint8_t>(row, at, size, across, from, position_stride, begin, end);
    default: return append_tokens<float>(row, at, size, across, from, position_stride, begin, end);
  }
}

void paged_append(const PagedParams& p, const PagedRow& row, int64_t head, const float* k,
                  const float* v, int64_t begin, int64_t end) {
  const PagedLayout& l = p.layout;
  append_any(l.key_type, row, l.keys + size_t(head) * l.key_page, l.head_size, true,
             k + row.batch * p.k.batch + head * p.k.head, p.k.position, begin, end);
  append_any(l.value_type, row, l.values + size_t(head) * l.value_page, l.value_size, false,
             v + row.batch * p.v.batch + head * p.v.head, p.v.position, begin, end);
}

template <typename T>
void read_keys_as(const uint8_t* page, int64_t head_size, int64_t begin, int64_t end, float* to) {
  const float* scales = scales_of(page, head_size);
  const T* keys = (const T*)page;
  for (int64_t d = 0; d < head_size; ++d)
    for (int64_t t = begin; t < end; ++t) {
      float x[F::lanes];
      load_as<F>(keys + d * kPage + t, 1).store(x);
      to[(t - begin) * head_size + d] =
          Codes<T>::packed ? (x[0] - scales[kPage + t]) * scales[t] : x[0];
    }
}

void paged_read_keys(const PagedLayout& l, const uint8_t* page, int64_t begin, int64_t end,
                     float* to) {
  switch (l.key_type) {
    case DataType::bf16: return read_keys_as<bf16_t>(page, l.head_size, begin, end, to);
    case DataType::u8: return read_keys_as<uint8_t>(page, l.head_size, begin, end, to);
    default: return read_keys_as<float>(page, l.head_size, begin, end, to);
  }
}

void paged_read_values(const PagedLayout& l, const uint8_t* page, int64_t begin, int64_t end,
                       float* to) {
  switch (l.value_type) {
    case DataType::bf16: return widen_values((const bf16_t*)page, begin, end, l.value_size, to);
    case DataType::u8: return widen_values(page, begin, end, l.value_size, to);
    default: return widen_values((const float*)page, begin, end, l.value_size, to);
  }
}
