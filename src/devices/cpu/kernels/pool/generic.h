// Pooling windows over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

using namespace simd;

// Calls fn(pixel index in the image) for each cell of the window, in row-major order.
template <typename Fn>
VIREO_SIMD void for_cells(const PoolParams& p, const PoolWindow& w, Fn fn) {
  for (int64_t d = 0; d < w.count[0]; ++d)
    for (int64_t h = 0; h < w.count[1]; ++h) {
      const int64_t row =
          ((w.begin[0] + d * w.step[0]) * p.in[1] + w.begin[1] + h * w.step[1]) * p.in[2] +
          w.begin[2];
      for (int64_t x = 0; x < w.count[2]; ++x) fn(row + x * w.step[2]);
    }
}

struct MaxCell {
  static VIREO_SIMD F start() { return F(-__builtin_inff()); }
  static VIREO_SIMD F join(F a, F x) { return max(x, a); }
  static VIREO_SIMD F finish(F a, F scale) { return a; }
};
struct AverageCell {
  static VIREO_SIMD F start() { return F::zero(); }
  static VIREO_SIMD F join(F a, F x) { return a + x; }
  static VIREO_SIMD F finish(F a, F scale) { return a * scale; }
};

// S is what images are stored in.
template <typename Op, typename S>
void pool_window(const PoolParams& p, const void* pixels, const PoolWindow& w, void* to) {
  const S* image = static_cast<const S*>(pixels);
  S* dst = static_cast<S*>(to);
  const int64_t stride = p.src_stride, channels = p.channels;
  const F scale(w.scale);
  int64_t c = 0;
  for (; c + 4 * F::lanes <= channels; c += 4 * F::lanes) {
    F a0 = Op::start(), a1 = a0, a2 = a0, a3 = a0;
    for_cells(p, w, [&](int64_t pixel) VIREO_LAMBDA {
      const S* x = image + pixel * stride + c;
      a0 = Op::join(a0, load_as<F>(x, F::lanes));
      a1 = Op::join(a1, load_as<F>(x + F::lanes, F::lanes));
      a2 = Op::join(a2, load_as<F>(x + 2 * F::lanes, F::lanes));
      a3 = Op::join(a3, load_as<F>(x + 3 * F::lanes, F::lanes));
    });
    store_as(dst + c, Op::finish(a0, scale), F::lanes);
    store_as(dst + c + F::lanes, Op::finish(a1, scale), F::lanes);
    store_as(dst + c + 2 * F::lanes, Op::finish(a2, scale), F::lanes);
    store_as(dst + c + 3 * F::lanes, Op::finish(a3, scale), F::lanes);
  }
  for (; c < channels; c += F::lanes) {
    const int64_t n = channels - c < F::lanes ? channels - c : F::lanes;
    F a = Op::start();
    for_cells(p, w, [&](int64_t pixel) VIREO_LAMBDA {
      a = Op::join(a, load_as<F>(image + pixel * stride + c, n));
    });
    store_as(dst + c, Op::finish(a, scale), n);
  }
}

// A vector of bytes, as wide as F.
typedef uint8_t Bytes __attribute__((vector_size(4 * F::lanes), aligned(1), may_alias));

void max_codes(const PoolParams& p, const void* pixels, const PoolWindow& w, void* to) {
  const uint8_t* image = static_cast<const uint8_t*>(pixels);
  uint8_t* dst = static_cast<uint8_t*>(to);
  constexpr int64_t kBytes = 4 * F::lanes;
  const int64_t stride = p.src_stride, channels = p.channels;
  int64_t c = 0;
  for (; c + kBytes <= channels; c += kBytes) {
    Bytes a = {};
    for_cells(p, w, [&](int64_t pixel) VIREO_LAMBDA {
      const Bytes x = *(const Bytes*)(image + pixel * stride + c);
      a = a > x ? a : x;
    });
    *(Bytes*)(dst + c) = a;
  }
  for (; c < channels; ++c) {
    uint8_t a = 0;
    for_cells(p, w, [&](int64_t pixel) VIREO_LAMBDA {
      const uint8_t x = image[pixel * stride + c];
      a = a > x ? a : x;
    });
    dst[c] = a;
  }
}

template <typename S>
void max_index(const PoolParams& p, const void* pixels, const PoolWindow& w, void* to,
               int32_t* position) {
  const S* image = static_cast<const S*>(pixels);
  S* dst = static_cast<S*>(to);
  for (int64_t c = 0; c < p.channels; ++c) {
    float best = -__builtin_inff();
    int64_t at = -1;
    for_cells(p, w, [&](int64_t pixel) VIREO_LAMBDA {
      float x;
      load_as<F>(image + pixel * p.src_stride + c, 1).store(&x, 1);
      if (at < 0 || x > best) best = x, at = pixel;
    });
    store_as(dst + c, F(best), 1);
    position[c] = (int32_t)(at < 0 ? 0 : at);
  }
}

constexpr PoolTable kTable = {{pool_window<MaxCell, float>, pool_window<MaxCell, bf16_t>},
                              {pool_window<AverageCell, float>, pool_window<AverageCell, bf16_t>},
                              max_codes,
                              {max_index<float>, max_index<bf16_t>}};
