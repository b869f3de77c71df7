// The tiles; S is the type that images are stored in, float, simd::bf16_t or uint8_t (codes around
// src_zero, weights and bias in quanta of the result): sums and weights are f32. Included inside an
// ISA file's unnamed namespace, after `using F = simd::vec<float, N>`.
//
// Each output is one chain of multiply-adds in the order of the taps, whatever the tile.

#include "devices/cpu/kernels/epilogue_generic.h"

// Left alone, the compiler reads a source again for each product that it enters, and the loads, not
// the products, set the pace.
#if defined(__AVX512F__)
#define VIREO_KEEP(x) __asm__("" : "+v"((x).v))
#elif defined(__x86_64__)
#define VIREO_KEEP(x) __asm__("" : "+x"((x).v))
#else
#define VIREO_KEEP(x) (void)(x)
#endif

template <bool tail, typename S>
static VIREO_SIMD F load_lanes(const S* p, int64_t n) {
  return read_lanes(p, tail ? n : F::lanes);
}

template <bool tail, typename S>
static VIREO_SIMD F load_source(const DepthwiseTile& t, const S* p, int64_t n) {
  const F x = load_lanes<tail>(p, n);
  return sizeof(S) == 1 ? x - F(t.src_zero) : x;
}

template <typename S, int P, bool tail>
static VIREO_SIMD void add_residual(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n) {
  const F scale(t.epilogue->codes.residual_scale);
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) {
    const F r = load_lanes<tail>(
        static_cast<const S*>(t.args.residual) + p * t.args.residual_stride + c, n);
    acc[p] = sizeof(S) == 1 ? fma(r, scale, acc[p]) : acc[p] + r;
  }
}

template <typename S, int P, bool tail>
static VIREO_SIMD void finish_pixels(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n,
                                     const Clamp& clamps) {
  const Epilogue& e = *t.epilogue;
  const F bias = e.bias == Bias::PerColumn ? load_lanes<tail>(t.args.bias + c, n) : F::zero();
  const F scale(e.scale), low(clamps.low), high(clamps.high);
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p] = fma(scale, acc[p], bias);
  if (e.residual == Residual::BeforeActivation) add_residual<S, P, tail>(t, acc, c, n);
  if (clamps.low > -__builtin_inff()) {
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) acc[p] = max(low, acc[p]);
  }
  if (clamps.high < __builtin_inff()) {
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) acc[p] = min(high, acc[p]);
  }
  if (e.residual == Residual::AfterActivation && clamps.complete)
    add_residual<S, P, tail>(t, acc, c, n);
}

template <typename S, int P, bool tail>
static VIREO_SIMD void store_pixels(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n,
                                    const Clamp& clamps) {
  if (clamps.complete) {
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p)
      write_lanes(static_cast<S*>(t.dst) + p * t.dst_step + c, acc[p], tail ? n : F::lanes);
    return;
  }
  alignas(64) float sums[P * F::lanes];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p].store(sums + p * F::lanes);
  if constexpr (sizeof(S) == 1) {
    activate_sums(*t.epilogue, SumTile<float>{sums, F::lanes, sums, F::lanes, P, n, nullptr, 0,
                                              t.args.slope + c});
    const F scale = load_lanes<tail>(t.args.out_scale + c, n), shift(t.epilogue->codes.out_shift);
    for (int p = 0; p < P; ++p)
      write_lanes(static_cast<S*>(t.dst) + p * t.dst_step + c,
                  fma(F::load(sums + p * F::lanes), scale, shift), tail ? n : F::lanes);
    return;
  }
  const bool after = t.epilogue->residual == Residual::AfterActivation;
  activate_sums(*t.epilogue,
                SumTile<S>{sums, F::lanes, static_cast<S*>(t.dst) + c, t.dst_step, P, n,
                           after ? static_cast<const S*>(t.args.residual) + c : nullptr,
                           t.args.residual_stride, t.args.slope + c});
}

// Any taps: every product reads its source.
template <typename S, int P, bool tail>
static VIREO_SIMD void sum_any(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n) {
  for (int64_t r = 0; r < t.run_count; ++r) {
    const DepthwiseRun& run = t.runs[r];
    const S* src = static_cast<const S*>(t.src) + run.src + c;
    const float* weight = t.weights + run.weight * t.weight_stride + c;
    for (int64_t k = 0; k < run.count; ++k, src += run.step, weight += t.weight_stride) {
      const F w = F::load(weight);
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) {
        const F x = load_source<tail>(t, src + p * t.src_step, n);
        acc[p] = fma(x, w, acc[p]);
      }
    }
  }
}

// One input of every group, J, in all the group's lanes, times its weights: an output is a chain in
// the order of the taps, and of the inputs within a tap.
template <int G, int J, int P>
static VIREO_SIMD void add_input(const float* weight, int64_t stride, const F (&x)[P],
                                 F (&acc)[P]) {
  const F w = F::load(weight + J * stride);
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p] = fma(simd::spread<G, J>(x[p]), w, acc[p]);
  if constexpr (J + 1 < G) add_input<G, J + 1>(weight, stride, x, acc);
}

// Groups of G channels: a vector holds all the inputs of its outputs.
template <typename S, int P, int G, bool tail>
static VIREO_SIMD void sum_grouped(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n) {
  for (int64_t r = 0; r < t.run_count; ++r) {
    const DepthwiseRun& run = t.runs[r];
    const S* src = static_cast<const S*>(t.src) + run.src + c;
    const float* weight = t.weights + run.weight * G * t.weight_stride + c;
    for (int64_t k = 0; k < run.count; ++k, src += run.step, weight += G * t.weight_stride) {
      F x[P];
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) x[p] = load_source<tail>(t, src + p * t.src_step, n);
      add_input<G, 0>(weight, t.weight_stride, x, acc);
    }
  }
}

// Rows of T neighbouring taps over P pixels that are Step sources apart: each source is read once.
// An output takes its taps in order, since the sources come in order.
template <typename S, int P, int T, int Step, bool tail>
static VIREO_SIMD void sum_rows(const DepthwiseTile& t, F (&acc)[P], int64_t c, int64_t n) {
  constexpr int sources = (P - 1) * Step + T;
  const int64_t begin = t.source_begin, end = t.source_end;
  for (int64_t r = 0; r < t.run_count; ++r) {
    const S* src = static_cast<const S*>(t.src) + t.runs[r].src + c;
    const int64_t step = t.runs[r].step;
    const float* weight = t.weights + t.runs[r].weight * t.weight_stride + c;
    F w[T];
#pragma GCC unroll 16
    for (int k = 0; k < T; ++k) w[k] = F::load(weight + k * t.weight_stride);
#pragma GCC unroll 64
    for (int x = 0; x < sources; ++x) {
      // Padding is less than the taps, so only the outer sources can be missing.
      if (x < T - 1 && x < begin) continue;
      if (x > sources - T && x >= end) continue;
      F v = load_source<tail>(t, src + x * step, n);
      VIREO_KEEP(v);
#pragma GCC unroll 16
      for (int k = 0; k < T; ++k) {
        if (x - k >= 0 && (x - k) % Step == 0 && (x - k) / Step < P)
          acc[(x - k) / Step] = fma(v, w[k], acc[(x - k) / Step]);
      }
    }
  }
}

template <typename S, int P, int T, int Step, int G, bool tail>
static VIREO_SIMD void channels_at(const DepthwiseTile& t, int64_t c, int64_t n,
                                   const Clamp& clamps) {
  F acc[P];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p] = F::zero();
  if constexpr (G > 1)
    sum_grouped<S, P, G, tail>(t, acc, c, n);
  else if constexpr (T == 0)
    sum_any<S, P, tail>(t, acc, c, n);
  else
    sum_rows<S, P, T, Step, tail>(t, acc, c, n);
  finish_pixels<S, P, tail>(t, acc, c, n, clamps);
  store_pixels<S, P, tail>(t, acc, c, n, clamps);
}

// T = 0: any taps. G: channels of a group.
template <typename S, int P, int T, int Step, int G = 1>
static void depthwise(const DepthwiseTile& t) {
  const Clamp clamps = clamp_of(*t.epilogue);
  int64_t c = 0;
  for (; c + F::lanes <= t.channels; c += F::lanes)
    channels_at<S, P, T, Step, G, false>(t, c, F::lanes, clamps);
  if (c < t.channels) channels_at<S, P, T, Step, G, true>(t, c, t.channels - c, clamps);
}

template <typename S, int P, int T, int Step>
constexpr void fill_pixels(DepthwiseFn* row) {
  row[P - 1] = depthwise<S, P, T, Step>;
  if constexpr (P > 1) fill_pixels<S, P - 1, T, Step>(row);
}

template <typename S, int P, int G>
constexpr void fill_grouped(DepthwiseFn* row) {
  row[P - 1] = depthwise<S, P, 0, 1, G>;
  if constexpr (P > 1) fill_grouped<S, P - 1, G>(row);
}

// P pixels a tile; by rows of 3, and with `wide` of 5 and 7 taps.
template <typename S, int P, bool wide>
constexpr DepthwiseKernel make_depthwise(const char* name, DataType type) {
  constexpr int grouped = F::lanes == 16 ? 8 : 4;  // as many sources and sums as registers hold
  DepthwiseKernel kernel = {name, type, P, F::lanes, {}, {}, grouped, {}};
  if constexpr (sizeof(S) > 1) {
    fill_grouped<S, grouped, 2>(kernel.grouped[0]);
    fill_grouped<S, grouped, 4>(kernel.grouped[1]);
    if constexpr (F::lanes >= 8) fill_grouped<S, grouped, 8>(kernel.grouped[2]);
  }
  fill_pixels<S, P, 0, 1>(kernel.any);
  fill_pixels<S, P, 3, 1>(kernel.rows[0][3]);
  fill_pixels<S, P, 3, 2>(kernel.rows[1][3]);
  if constexpr (wide) {
    fill_pixels<S, P, 5, 1>(kernel.rows[0][5]);
    fill_pixels<S, P, 5, 2>(kernel.rows[1][5]);
    fill_pixels<S, P, 7, 1>(kernel.rows[0][7]);
    fill_pixels<S, P, 7, 2>(kernel.rows[1][7]);
  }
  return kernel;
}
