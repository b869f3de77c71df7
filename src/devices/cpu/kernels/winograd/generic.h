// S is the type that images are stored in, float or simd::bf16_t; points are f32.
// Included inside an ISA file's unnamed
// namespace, after `using F = simd::vec<float, N>`.
//
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), with the points 0, 1,
// -1, 2, -2, infinity.

#include "devices/cpu/kernels/epilogue_generic.h"

// o = B^T d.
static VIREO_SIMD void to_points(const F (&d)[6], F (&o)[6]) {
  const F t0 = fnma(F(4.0f), d[2], d[4]), t1 = fnma(F(4.0f), d[1], d[3]);
  const F t2 = d[4] - d[2], t3 = F(2.0f) * (d[3] - d[1]);
  o[0] = fma(F(4.0f), d[0], fnma(F(5.0f), d[2], d[4]));
  o[1] = t0 + t1;
  o[2] = t0 - t1;
  o[3] = t2 + t3;
  o[4] = t2 - t3;
  o[5] = fma(F(4.0f), d[1], fnma(F(5.0f), d[3], d[5]));
}

// o = A^T m.
static VIREO_SIMD void from_points(const F (&m)[6], F (&o)[4]) {
  const F a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  o[0] = (m[0] + a) + c;
  o[1] = fma(F(2.0f), d, b);
  o[2] = fma(F(4.0f), c, a);
  o[3] = fma(F(8.0f), d, b) + m[5];
}

template <typename S, bool whole>
static VIREO_SIMD void source_channels(const WinogradSource& t, int64_t c, int64_t n) {
  alignas(64) float half[kWinogradPoints * F::lanes];
  for (int x = 0; x < 6; ++x) {
    F d[6], o[6];
    const bool in_row = whole || (x >= t.pixel_begin && x < t.pixel_end);
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) {
      const S* p = static_cast<const S*>(t.src) + y * t.row_step + x * t.pixel_step + c;
      d[y] = in_row && (whole || (y >= t.row_begin && y < t.row_end))
                 ? (n == F::lanes ? read_lanes(p, F::lanes) : read_lanes(p, n))
                 : F::zero();
    }
    to_points(d, o);
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) o[y].store(half + (y * 6 + x) * F::lanes);
  }
  for (int y = 0; y < 6; ++y) {
    F d[6], o[6];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) d[x] = F::load(half + (y * 6 + x) * F::lanes);
    to_points(d, o);
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
      float* to = t.points + (y * 6 + x) * t.point_step + c;
      if (n == F::lanes)
        o[x].store(to);
      else
        o[x].store(to, n);
    }
  }
}

template <typename S>
static void winograd_source(const WinogradSource& t) {
  const bool whole = t.row_begin <= 0 && t.row_end >= 6 && t.pixel_begin <= 0 && t.pixel_end >= 6;
  for (int64_t c = 0; c < t.channels; c += F::lanes) {
    const int64_t n = t.channels - c < F::lanes ? t.channels - c : F::lanes;
    if (whole)
      source_channels<S, true>(t, c, n);
    else
      source_channels<S, false>(t, c, n);
  }
}

template <typename S>
static VIREO_SIMD void output_row(const WinogradOutput& t, const Clamp& clamps, const F (&o)[4],
                                  int y, int64_t c, int64_t n) {
  const Epilogue& e = *t.epilogue;
  const F bias = e.bias == Bias::PerColumn ? F::load(t.args.bias + c, n) : F::zero();
  const S* residual = static_cast<const S*>(t.args.residual) + y * t.residual_row_step + c;
  S* dst = static_cast<S*>(t.dst) + y * t.row_step + c;
  alignas(64) float sums[4 * F::lanes];
  for (int x = 0; x < t.pixels; ++x) {
    F v = fma(F(e.scale), x == 0 ? o[0] : x == 1 ? o[1] : x == 2 ? o[2] : o[3], bias);
    if (e.residual == Residual::BeforeActivation)
      v = v + read_lanes(residual + x * t.args.residual_stride, n);
    if (!clamps.complete) {
      v.store(sums + x * F::lanes);
      continue;
    }
    v = clamp(v, F(clamps.low), F(clamps.high));
    if (e.residual == Residual::AfterActivation)
      v = v + read_lanes(residual + x * t.args.residual_stride, n);
    write_lanes(dst + x * t.pixel_step, v, n);
  }
  if (clamps.complete) return;
  activate_sums(e, SumTile<S>{sums, F::lanes, dst, t.pixel_step, t.pixels, n,
                              e.residual == Residual::AfterActivation ? residual : nullptr,
                              t.args.residual_stride, t.args.slope + c});
}

template <typename S>
static void winograd_output(const WinogradOutput& t) {
  const Clamp clamps = clamp_of(*t.epilogue);
  for (int64_t c = 0; c < t.channels; c += F::lanes) {
    const int64_t n = t.channels - c < F::lanes ? t.channels - c : F::lanes;
    alignas(64) float half[4 * 6 * F::lanes];
    for (int x = 0; x < 6; ++x) {
      F m[6], o[4];
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) m[y] = F::load(t.points + (y * 6 + x) * t.point_step + c, n);
      from_points(m, o);
#pragma GCC unroll 4
      for (int y = 0; y < 4; ++y) o[y].store(half + (y * 6 + x) * F::lanes);
    }
    for (int y = 0; y < t.rows; ++y) {
      F m[6], o[4];
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) m[x] = F::load(half + (y * 6 + x) * F::lanes);
      from_points(m, o);
      output_row<S>(t, clamps, o, y, c, n);
    }
  }
}

// o = G w.
static VIREO_SIMD void weight_points(const F& w0, const F& w1, const F& w2, F (&o)[6]) {
  const F ends = w0 + w2, far = fma(F(4.0f), w2, w0);
  o[0] = F(1.0f / 4) * w0;
  o[1] = F(-1.0f / 6) * (ends + w1);
  o[2] = F(-1.0f / 6) * (ends - w1);
  o[3] = F(1.0f / 24) * fma(F(2.0f), w1, far);
  o[4] = F(1.0f / 24) * fnma(F(2.0f), w1, far);
  o[5] = w2;
}

static void winograd_weights(const WinogradWeights& t) {
  for (int64_t i = 0; i < t.count; i += F::lanes) {
    const int64_t n = t.count - i < F::lanes ? t.count - i : F::lanes;
    F half[3][6];
#pragma GCC unroll 3
    for (int x = 0; x < 3; ++x) {
      const float* w = t.taps + x * t.count + i;
      weight_points(F::load(w, n), F::load(w + 3 * t.count, n), F::load(w + 6 * t.count, n),
                    half[x]);
    }
    for (int y = 0; y < 6; ++y) {
      F o[6];
      weight_points(half[0][y], half[1][y], half[2][y], o);
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) o[x].store(t.points + (y * 6 + x) * t.point_step + i, n);
    }
  }
}
