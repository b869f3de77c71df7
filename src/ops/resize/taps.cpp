#include <algorithm>
#include <cmath>

#include "ops/resize/resize.h"

namespace vireo::ops {
namespace {

// In float, like the definition: where a coordinate falls between two pixels must not depend on
// more digits than others have.
float source_coordinate(CoordinateMode mode, float at, float scale, float out_extent,
                        float extent) {
  if (scale == 1.0f || out_extent == extent) return at;
  switch (mode) {
    case CoordinateMode::HalfPixel: return (at + 0.5f) / scale - 0.5f;
    case CoordinateMode::PytorchHalfPixel:
      return out_extent > 1 ? (at + 0.5f) / scale - 0.5f : 0.0f;
    case CoordinateMode::Asymmetric: return at / scale;
    case CoordinateMode::TfHalfPixelForNn: return (at + 0.5f) / scale;
    case CoordinateMode::AlignCorners:
      return out_extent == 1 ? 0.0f : at * (extent - 1) / (out_extent - 1);
  }
  return at;
}

int64_t nearest(NearestMode mode, float x, bool shrinks) {
  switch (mode) {
    case NearestMode::RoundPreferFloor:
      return x == std::floor(x) + 0.5f ? int64_t(std::floor(x)) : int64_t(std::round(x));
    case NearestMode::RoundPreferCeil: return int64_t(std::round(x));
    case NearestMode::Floor: return int64_t(std::floor(x));
    case NearestMode::Ceil: return int64_t(std::ceil(x));
    case NearestMode::Simple: return shrinks ? int64_t(std::ceil(x)) : int64_t(x);
  }
  return 0;
}

// A triangle around the coordinate, widened when it shall not alias, cut at the borders and brought
// to a sum of 1.
std::vector<Tap> triangle_taps(const Interpolate& a, float x, int64_t extent, float scale) {
  const float narrow = a.antialias && scale < 1.0f ? scale : 1.0f;
  const int64_t reach = scale > 1.0f ? 2 : int64_t(std::ceil(2.0f / narrow));
  const int64_t centre = int64_t(std::round(x));
  std::vector<Tap> out;
  double sum = 0;
  for (int64_t i = std::max<int64_t>(centre - reach, 0); i <= std::min(centre + reach, extent - 1);
       ++i) {
    const double w = std::max(0.0, 1.0 - std::abs(double(narrow) * (double(x) - double(i))));
    if (w == 0) continue;
    out.push_back({i, w});
    sum += w;
  }
  for (Tap& t : out) t.weight /= sum;
  return out;
}

std::vector<Tap> two_taps(float x, int64_t extent) {
  x = std::max(0.0f, std::min(x, float(extent - 1)));
  const int64_t low = std::min(int64_t(x), extent - 1), high = std::min(low + 1, extent - 1);
  if (low == high) return {{low, 1.0}};
  return {{low, double(float(high) - x)}, {high, double(x - float(low))}};
}

std::vector<Tap> cubic_taps(float x, int64_t extent, double a) {
  const int64_t base = int64_t(std::floor(x));
  const double s = double(x - float(base));
  const auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const double weights[] = {far(s + 1), near(s), near(1 - s), far(2 - s)};
  std::vector<Tap> out;
  for (int64_t k = 0; k < 4; ++k)
    out.push_back({std::clamp<int64_t>(base + k - 1, 0, extent - 1), weights[k]});
  return out;
}

double pillow_filter(const Interpolate& a, double x) {
  x = std::abs(x);
  if (a.mode == InterpolateMode::BilinearPillow) return x < 1 ? 1 - x : 0;
  const double k = a.cube_coeff;
  if (x < 1) return ((k + 2) * x - (k + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * k : 0;
}

// As in Pillow's Resample.c: the filter is stretched over all that falls into the output pixel.
std::vector<Tap> pillow_taps(const Interpolate& a, size_t at, int64_t extent, size_t out_extent) {
  const double scale = double(extent) / double(out_extent), stretch = std::max(scale, 1.0);
  const double support = (a.mode == InterpolateMode::BilinearPillow ? 1.0 : 2.0) * stretch;
  const double centre = (double(at) + 0.5) * scale;
  const int64_t first = std::max<int64_t>(int64_t(centre - support + 0.5), 0);
  const int64_t last = std::min(int64_t(centre + support + 0.5), extent);
  std::vector<Tap> out;
  double sum = 0;
  for (int64_t i = first; i < last; ++i) {
    out.push_back({i, pillow_filter(a, (double(i) - centre + 0.5) / stretch)});
    sum += out.back().weight;
  }
  for (Tap& t : out) t.weight = sum != 0 ? t.weight / sum : t.weight;
  return out;
}

}  // namespace

int64_t nearest_index(const Interpolate& a, size_t extent, size_t out_extent, float scale,
                      size_t at) {
  const float x = source_coordinate(a.coordinate_transformation_mode, float(at), scale,
                                    float(out_extent), float(extent));
  return std::clamp<int64_t>(nearest(a.nearest_mode, x, scale < 1.0f), 0, int64_t(extent) - 1);
}

AxisTaps axis_taps(const Interpolate& a, size_t extent, size_t out_extent, float scale) {
  AxisTaps out(out_extent);
  const int64_t n = int64_t(extent);
  for (size_t i = 0; i < out_extent && n > 0; ++i) {
    const float x = source_coordinate(a.coordinate_transformation_mode, float(i), scale,
                                      float(out_extent), float(extent));
    switch (a.mode) {
      case InterpolateMode::Nearest:
        out[i] = {{nearest_index(a, extent, out_extent, scale, i), 1.0}};
        break;
      case InterpolateMode::Linear: out[i] = triangle_taps(a, x, n, scale); break;
      case InterpolateMode::LinearOnnx: out[i] = two_taps(x, n); break;
      case InterpolateMode::Cubic: out[i] = cubic_taps(x, n, a.cube_coeff); break;
      case InterpolateMode::BilinearPillow:
      case InterpolateMode::BicubicPillow: out[i] = pillow_taps(a, i, n, out_extent); break;
    }
  }
  return out;
}

std::vector<double> apply_taps(const std::vector<double>& x, const std::vector<size_t>& shape,
                               size_t axis, const AxisTaps& taps) {
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  std::vector<double> out(outer * taps.size() * inner, 0.0);
  for (size_t o = 0; o < outer; ++o)
    for (size_t t = 0; t < taps.size(); ++t) {
      double* to = out.data() + (o * taps.size() + t) * inner;
      for (const Tap& tap : taps[t]) {
        const double* from = x.data() + (o * shape[axis] + size_t(tap.index)) * inner;
        for (size_t i = 0; i < inner; ++i) to[i] += tap.weight * from[i];
      }
    }
  return out;
}

}  // namespace vireo::ops
