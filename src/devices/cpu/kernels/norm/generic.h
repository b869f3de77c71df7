// Normalisations over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

using namespace simd;

// Sum of map(i, n) over n elements in a fixed tree: four accumulators, joined and halved.
template <typename Map>
VIREO_SIMD float sum_over(int64_t size, Map map) {
  F s0 = F::zero(), s1 = s0, s2 = s0, s3 = s0;
  int64_t i = 0;
  for (; i + 4 * F::lanes <= size; i += 4 * F::lanes) {
    s0 = s0 + map(i, (int64_t)F::lanes);
    s1 = s1 + map(i + F::lanes, (int64_t)F::lanes);
    s2 = s2 + map(i + 2 * F::lanes, (int64_t)F::lanes);
    s3 = s3 + map(i + 3 * F::lanes, (int64_t)F::lanes);
  }
  for_lanes<F>(i, size, [&](int64_t at, int64_t n) VIREO_LAMBDA { s0 = s0 + map(at, n); });
  return reduce_add((s0 + s1) + (s2 + s3));
}

VIREO_SIMD F keep_first(F x, int64_t n) {
  return n >= F::lanes ? x : select(first_lanes<F>(n), x, F::zero());
}

VIREO_SIMD float inverse_deviation(float variance, float epsilon, bool inside) {
  return inside ? 1.0f / __builtin_sqrtf(variance + epsilon)
                : 1.0f / (__builtin_sqrtf(variance) + epsilon);
}

// dst = (x - mean) * factor * scale + shift.
template <bool Scale, bool Shift, typename S>
VIREO_SIMD void normalise_row(const LayerNormArgs& a, const float* x, S* dst, int64_t size, F mean,
                              F factor) {
  for_lanes<F>(0, size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    F y = (F::load(x + i, n) - mean) * factor;
    if (Scale && Shift)
      y = fma(y, F::load(a.scale + i, n), F::load(a.shift + i, n));
    else if (Scale)
      y = y * F::load(a.scale + i, n);
    else if (Shift)
      y = y + F::load(a.shift + i, n);
    store_as(dst + i, y, n);
  });
}

// Statistics of the row and its normal form: x is f32, of the caller's or in scratch.
template <typename S>
VIREO_SIMD void normalise_values(const LayerNormParams& p, const LayerNormArgs& a, const float* x,
                                 S* dst) {
  const float count = (float)p.size;
  float mean = 0;
  if (p.subtract_mean)
    mean = sum_over(p.size, [&](int64_t i, int64_t n) VIREO_LAMBDA { return F::load(x + i, n); }) /
           count;
  float factor = 1;
  if (p.divide_by_deviation) {
    const F m(mean);
    const float squares = sum_over(p.size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
      const F d = keep_first(F::load(x + i, n) - m, n);
      return d * d;
    });
    factor = inverse_deviation(squares / count, p.epsilon, p.epsilon_inside);
  }
  if (a.scale && a.shift)
    normalise_row<true, true>(a, x, dst, p.size, F(mean), F(factor));
  else if (a.scale)
    normalise_row<true, false>(a, x, dst, p.size, F(mean), F(factor));
  else if (a.shift)
    normalise_row<false, true>(a, x, dst, p.size, F(mean), F(factor));
  else
    normalise_row<false, false>(a, x, dst, p.size, F(mean), F(factor));
}

// S is what rows are stored in.
template <typename S>
void layer_rows_of(const LayerNormParams& p, const LayerNormArgs& a, int64_t begin, int64_t end,
                   float* scratch) {
  constexpr bool plain = sizeof(S) == sizeof(float);
  for (int64_t at = begin * p.size; at < end * p.size; at += p.size) {
    const S* src = static_cast<const S*>(a.src) + at;
    const float* x = scratch;
    if (a.residual) {
      const S* residual = static_cast<const S*>(a.residual) + at;
      S* sum = a.sum ? static_cast<S*>(a.sum) + at : nullptr;
      for_lanes<F>(0, p.size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
        const F v = load_as<F>(src + i, n) + load_as<F>(residual + i, n);
        v.store(scratch + i, n);
        if (sum) store_as(sum + i, v, n);
      });
    } else if constexpr (plain) {
      x = src;
    } else {
      for_lanes<F>(0, p.size, [&](int64_t i, int64_t n) VIREO_LAMBDA {
        load_as<F>(src + i, n).store(scratch + i, n);
      });
    }
    normalise_values(p, a, x, static_cast<S*>(a.dst) + at);
  }
}

void layer_rows(const LayerNormParams& params, const LayerNormArgs& args, int64_t begin,
                int64_t end, float* scratch) {
  if (params.type == DataType::bf16)
    layer_rows_of<bf16_t>(params, args, begin, end, scratch);
  else
    layer_rows_of<float>(params, args, begin, end, scratch);
}

// sums[c] = sum over the positions of (x - centre[c])^power, each channel by itself.
template <bool Squares>
VIREO_SIMD void channel_sums(const float* x, int64_t spatial, int64_t stride, int64_t channels,
                             const float* centre, float* sums) {
  for_lanes<F>(0, channels, [&](int64_t c, int64_t n) VIREO_LAMBDA {
    const F m = Squares ? F::load(centre + c, n) : F::zero();
    F s0 = F::zero(), s1 = s0, s2 = s0, s3 = s0;
    const float* at = x + c;
    auto term = [&](const float* from) VIREO_LAMBDA {
      const F d = F::load(from, n) - m;
      return Squares ? d * d : d;
    };
    int64_t i = 0;
    for (; i + 4 <= spatial; i += 4, at += 4 * stride) {
      s0 = s0 + term(at);
      s1 = s1 + term(at + stride);
      s2 = s2 + term(at + 2 * stride);
      s3 = s3 + term(at + 3 * stride);
    }
    for (; i < spatial; ++i, at += stride) s0 = s0 + term(at);
    ((s0 + s1) + (s2 + s3)).store(sums + c, n);
  });
}

// Every channel gets the mean of its group.
VIREO_SIMD void share_in_groups(float* sums, int64_t channels, int64_t group_size, double count) {
  for (int64_t g = 0; g < channels; g += group_size) {
    double total = 0;
    for (int64_t c = g; c < g + group_size; ++c) total += sums[c];
    for (int64_t c = g; c < g + group_size; ++c) sums[c] = (float)(total / count);
  }
}

void group_channels(const GroupNormParams& p, const GroupNormArgs& a, int64_t image, int64_t begin,
                    int64_t end, float* scratch) {
  const int64_t channels = end - begin, group_size = p.channels / p.groups;
  const float* src = a.src + image * p.spatial * p.channels + begin;
  float* dst = a.dst + image * p.spatial * p.channels + begin;
  float *mean = scratch, *factor = scratch + channels;
  const double count = (double)p.spatial * (double)group_size;
  channel_sums<false>(src, p.spatial, p.channels, channels, nullptr, mean);
  share_in_groups(mean, channels, group_size, count);
  if (p.divide_by_deviation) {
    channel_sums<true>(src, p.spatial, p.channels, channels, mean, factor);
    share_in_groups(factor, channels, group_size, count);
  }
  // y = x * factor + mean', with scale and shift folded in.
  for (int64_t c = 0; c < channels; ++c) {
    float f =
        p.divide_by_deviation ? inverse_deviation(factor[c], p.epsilon, p.epsilon_inside) : 1.0f;
    if (a.scale) f *= a.scale[begin + c];
    factor[c] = f;
  }
  for (int64_t i = 0; i < p.spatial; ++i, src += p.channels, dst += p.channels)
    for_lanes<F>(0, channels, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      const F shift = a.shift ? F::load(a.shift + begin + c, n) : F::zero();
      fma(F::load(src + c, n) - F::load(mean + c, n), F::load(factor + c, n), shift)
          .store(dst + c, n);
    });
}

VIREO_SIMD float l2_factor(const NormalizeL2Params& p, float sum) {
  const float radicand =
      p.epsilon_is_maximum ? (sum > p.epsilon ? sum : p.epsilon) : sum + p.epsilon;
  return 1.0f / __builtin_sqrtf(radicand);
}

void l2_rows(const NormalizeL2Params& p, const NormArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* x = a.src + row * p.axis;
    float* y = a.dst + row * p.axis;
    const float sum = sum_over(p.axis, [&](int64_t i, int64_t n) VIREO_LAMBDA {
      const F v = F::load(x + i, n);
      return v * v;
    });
    const F factor(l2_factor(p, sum));
    for_lanes<F>(0, p.axis, [&](int64_t i, int64_t n) VIREO_LAMBDA {
      (F::load(x + i, n) * factor).store(y + i, n);
    });
  }
}

void l2_columns(const NormalizeL2Params& p, const NormArgs& a, int64_t outer, int64_t begin,
                int64_t end) {
  const float* x = a.src + outer * p.axis * p.inner;
  float* y = a.dst + outer * p.axis * p.inner;
  for_lanes<F>(begin, end, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    F sum = F::zero();
    for (int64_t k = 0; k < p.axis; ++k) {
      const F v = F::load(x + k * p.inner + i, n);
      sum = fma(v, v, sum);
    }
    const F radicand = p.epsilon_is_maximum ? max(sum, F(p.epsilon)) : sum + F(p.epsilon);
    const F factor = F(1.0f) / sqrt(radicand);
    for (int64_t k = 0; k < p.axis; ++k)
      (F::load(x + k * p.inner + i, n) * factor).store(y + k * p.inner + i, n);
  });
}

void lrn_rows(const LrnParams& p, const NormArgs& a, int64_t begin, int64_t end, float* scratch) {
  const int64_t before = (p.size - 1) / 2, length = p.channels + p.size + 2 * F::lanes;
  float* squares = scratch;  // with zeros around, so that windows need no clipping
  for (int64_t i = 0; i < length; ++i) squares[i] = 0;
  const F alpha(p.alpha / (float)p.size), bias(p.bias), exponent(-p.beta);
  for (int64_t row = begin; row < end; ++row) {
    const float* x = a.src + row * p.channels;
    float* y = a.dst + row * p.channels;
    for_lanes<F>(0, p.channels, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      const F v = F::load(x + c, n);
      (v * v).store(squares + before + c, n);
    });
    for_lanes<F>(0, p.channels, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      F sum = F::zero();
      for (int64_t k = 0; k < p.size; ++k) sum = sum + F::load(squares + c + k, n);
      const F base = fma(alpha, sum, bias);
      (F::load(x + c, n) * exp(exponent * log(base))).store(y + c, n);
    });
  }
}

constexpr NormTable kTable = {layer_rows, group_channels, l2_rows, l2_columns, lrn_rows};
