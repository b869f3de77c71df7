// Resampling primitives over F = vec<float, N>; included inside the unnamed namespace of each ISA
// file.

using namespace simd;

void zero(float* dst, int64_t n) {
  for_lanes<F>(0, n,
               [&](int64_t i, int64_t count) VIREO_LAMBDA { F::zero().store(dst + i, count); });
}

void add_scaled(float* dst, const float* src, float weight, int64_t n) {
  const F w(weight);
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes)
    fma(w, F::load(src + i), F::load(dst + i)).store(dst + i);
  if (i < n) fma(w, F::load(src + i, n - i), F::load(dst + i, n - i)).store(dst + i, n - i);
}

template <int Taps>
VIREO_SIMD void row_taps(const float* src, float* dst, const ResizeAxis& axis, int64_t channels,
                         int taps) {
  const int count = Taps > 0 ? Taps : taps;
  for (int64_t o = 0; o < axis.out; ++o, dst += channels) {
    const int32_t* index = axis.index + o * count;
    const float* weight = axis.weight + o * count;
    int64_t c = 0;
    if (channels < F::lanes / 2) {
      for (; c < channels; ++c) {
        float sum = 0;
        for (int k = 0; k < count; ++k) sum += weight[k] * src[index[k] * channels + c];
        dst[c] = sum;
      }
      continue;
    }
    for_lanes<F>(c, channels, [&](int64_t at, int64_t n) VIREO_LAMBDA {
      F sum = F::zero();
      for (int k = 0; k < count; ++k)
        sum = fma(F(weight[k]), F::load(src + index[k] * channels + at, n), sum);
      sum.store(dst + at, n);
    });
  }
}

void row_copied(const float* src, float* dst, const ResizeAxis& axis, int64_t channels) {
  for (int64_t o = 0; o < axis.out; ++o, dst += channels) {
    const float* from = src + axis.index[o] * channels;
    if (channels == 1) {
      *dst = *from;
      continue;
    }
    for_lanes<F>(0, channels, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      F::load(from + c, n).store(dst + c, n);
    });
  }
}

void row(const float* src, float* dst, const ResizeAxis& axis, int64_t channels) {
  if (!axis.weight) return row_copied(src, dst, axis, channels);
  switch (axis.taps) {
    case 2: return row_taps<2>(src, dst, axis, channels, 2);
    case 4: return row_taps<4>(src, dst, axis, channels, 4);
    default: return row_taps<0>(src, dst, axis, channels, axis.taps);
  }
}

constexpr ResizeTable kTable = {zero, add_scaled, row};
