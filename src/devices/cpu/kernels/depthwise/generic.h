// The f32 tiles. Included inside an ISA file's unnamed namespace, after `using F = simd::vec<float, N>` and epilogue_generic.h.
//
// Each output is one chain of multiply-adds in the order of the taps, whatever the tile.

template <int P>
static VIREO_SIMD void finish_pixels(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n, const Clamp& clamps) {
  const Epilogue& e = *t.epilogue;
  const F bias = e.bias == Bias::PerColumn ? F::load(t.args.bias + c, n) : F::zero();
  const F scale(e.scale), low(clamps.low), high(clamps.high);
  const bool before = e.residual == Residual::BeforeActivation, after = e.residual == Residual::AfterActivation && clamps.complete;
  const float* residual = t.args.residual + c;
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) {
    acc[p] = fma(scale, acc[p], bias);
    if (before) acc[p] = acc[p] + F::load(residual + p * t.args.residual_stride, n);
    acc[p] = clamp(acc[p], low, high);
    if (after) acc[p] = acc[p] + F::load(residual + p * t.args.residual_stride, n);
  }
}

template <int P>
static VIREO_SIMD void store_pixels(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n, const Clamp& clamps) {
  if (clamps.complete) {
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      if (n == F::lanes) acc[p].store(t.dst + p * t.dst_step + c);
      else acc[p].store(t.dst + p * t.dst_step + c, n);
    }
    return;
  }
  alignas(64) float sums[P * F::lanes];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p].store(sums + p * F::lanes);
  const bool after = t.epilogue->residual == Residual::AfterActivation;
  activate_sums(*t.epilogue, {sums, F::lanes, t.dst + c, t.dst_step, P, n, after ? t.args.residual + c : nullptr,
                              t.args.residual_stride, t.args.slope + c});
}

// Any taps: every product reads its source.
template <int P, bool tail>
static VIREO_SIMD void sum_any(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n) {
  for (int64_t r = 0; r < t.run_count; ++r) {
    const DepthwiseRun& run = t.runs[r];
    const float* src = t.src + run.src + c;
    const float* weight = t.weights + run.weight * t.weight_stride + c;
    for (int64_t k = 0; k < run.count; ++k, src += run.step, weight += t.weight_stride) {
      const F w = F::load(weight);
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) {
        const F x = tail ? F::load(src + p * t.src_step, n) : F::load(src + p * t.src_step);
        acc[p] = fma(x, w, acc[p]);
      }
    }
  }
}

// Rows of T neighbouring taps over P neighbouring pixels: P + T - 1 source pixels, each read once. An output takes its taps in
// order, since the sources come in order.
template <int P, int T, bool tail>
static VIREO_SIMD void sum_rows(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n) {
  for (int64_t r = 0; r < t.run_count; ++r) {
    const float* src = t.src + t.runs[r].src + c;
    const float* weight = t.weights + t.runs[r].weight * t.weight_stride + c;
    F w[T];
#pragma GCC unroll 16
    for (int k = 0; k < T; ++k) w[k] = F::load(weight + k * t.weight_stride);
#pragma GCC unroll 32
    for (int x = 0; x < P + T - 1; ++x) {
      const F v = tail ? F::load(src + x * t.src_step, n) : F::load(src + x * t.src_step);
#pragma GCC unroll 16
      for (int k = 0; k < T; ++k) {
        if (x - k >= 0 && x - k < P) acc[x - k] = fma(v, w[k], acc[x - k]);
      }
    }
  }
}

template <int P, int T, bool tail>
static VIREO_SIMD void channels_at(const DepthwiseTile& t, int64_t c, int64_t n, const Clamp& clamps) {
  F acc[P];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p] = F::zero();
  if constexpr (T == 0) sum_any<P, tail>(t, acc, c, n);
  else sum_rows<P, T, tail>(t, acc, c, n);
  finish_pixels(t, acc, c, n, clamps);
  store_pixels(t, acc, c, n, clamps);
}

// T = 0: any taps.
template <int P, int T>
static void depthwise_f32(const DepthwiseTile& t) {
  const Clamp clamps = clamp_of(*t.epilogue);
  int64_t c = 0;
  for (; c + F::lanes <= t.channels; c += F::lanes) channels_at<P, T, false>(t, c, F::lanes, clamps);
  if (c < t.channels) channels_at<P, T, true>(t, c, t.channels - c, clamps);
}

template <int P, int T>
constexpr void fill_pixels(DepthwiseFn* row) {
  row[P - 1] = depthwise_f32<P, T>;
  if constexpr (P > 1) fill_pixels<P - 1, T>(row);
}

template <int P, int P3, int P5>
constexpr DepthwiseKernel make_depthwise_f32(const char* name) {
  DepthwiseKernel kernel = {name, P, F::lanes, {}, {}};
  fill_pixels<P, 0>(kernel.any);
  fill_pixels<P3, 3>(kernel.rows[3]);
  if constexpr (P5 > 0) fill_pixels<P5, 5>(kernel.rows[5]);
  if constexpr (P5 > 0 && F::lanes == 16) fill_pixels<P5, 7>(kernel.rows[7]);
  return kernel;
}
