// Resize and Upsample. What IR's Interpolate says the same way becomes that; the rest, for known
// extents, a product with the matrix of weights along each axis.
#include <algorithm>
#include <cmath>

#include "base/support/checked.h"
#include "core/values.h"
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

struct Settings {
  std::string mode = "nearest", coordinates = "half_pixel", nearest = "round_prefer_floor";
  double cubic = -0.75, extrapolation = 0;
  bool exclude_outside = false, antialias = false;
  std::vector<double> roi;  // starts, then ends, of the resized axes
};

Value interpolate(Node& n, const Value& x, const Value& target, bool scales,
                  const std::vector<int64_t>& axes, const Settings& s) {
  const std::vector<int64_t> none(size_t(x.rank()), 0);
  const std::string mode = s.mode == "linear" ? "linear_onnx" : s.mode;
  return n.b.add("Interpolate", 11, {x, target, n.b.ints(axes)},
                 {{"mode", mode},
                  {"shape_calculation_mode", scales ? "scales" : "sizes"},
                  {"coordinate_transformation_mode", s.coordinates},
                  {"nearest_mode", s.nearest},
                  {"antialias", false},
                  {"pads_begin", none},
                  {"pads_end", none},
                  {"cube_coeff", s.cubic}});
}

bool has_ir_form(const Settings& s) {
  if (s.coordinates == "tf_crop_and_resize" || s.coordinates == "half_pixel_symmetric")
    return false;
  return !s.exclude_outside && !s.antialias;
}

// A matrix of weights over this is no longer a resize of pictures.
constexpr size_t kMaxWeights = size_t(1) << 23;

struct Axis {
  int64_t in, out;
  double scale;
  double roi_start, roi_end;
};

double coordinate(const Axis& a, int64_t at, const Settings& s) {
  const double o = double(at), in = double(a.in), out = double(a.out);
  if (s.coordinates == "asymmetric") return o / a.scale;
  if (s.coordinates == "align_corners") return a.out == 1 ? 0 : o * (in - 1) / (a.scale * in - 1);
  if (s.coordinates == "pytorch_half_pixel")
    return a.scale * in <= 1 ? 0 : (o + 0.5) / a.scale - 0.5;
  if (s.coordinates == "tf_half_pixel_for_nn") return (o + 0.5) / a.scale;
  if (s.coordinates == "tf_crop_and_resize")
    return a.out > 1 ? a.roi_start * (in - 1) + o * (a.roi_end - a.roi_start) * (in - 1) / (out - 1)
                     : 0.5 * (a.roi_start + a.roi_end) * (in - 1);
  double offset = 0;
  if (s.coordinates == "half_pixel_symmetric") offset = in / 2 * (1 - out / (a.scale * in));
  return offset + (o + 0.5) / a.scale - 0.5;
}

double cubic_weight(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  if (x < 2) return a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a;
  return 0;
}

int64_t nearest_of(double x, const std::string& mode) {
  if (mode == "round_prefer_ceil") return int64_t(std::floor(x + 0.5));
  if (mode == "floor") return int64_t(std::floor(x));
  if (mode == "ceil") return int64_t(std::ceil(x));
  return int64_t(std::ceil(x - 0.5));
}

// Weights of the input positions for one output position, as ONNX's reference computes them: an
// even number of taps around x, the one at or left of x being number count / 2 - 1.
void fill_row(std::vector<double>& row, const Axis& a, int64_t at, const Settings& s) {
  const double x = coordinate(a, at, s);
  if (s.mode == "nearest") {
    row[size_t(std::clamp<int64_t>(nearest_of(x, s.nearest), 0, a.in - 1))] = 1;
    return;
  }
  const double shrink = s.antialias ? std::min(a.scale, 1.0) : 1.0;
  const double reach = s.mode == "cubic" ? 2 : 1;
  const int64_t start = int64_t(std::floor(-reach / shrink)) + 1, count = 2 - 2 * start;
  const int64_t base = int64_t(std::ceil(x)) - 1;
  const double ratio = x - double(base);
  std::vector<double> weights;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double d = (double(start + i) - ratio) * shrink;
    double w = s.mode == "cubic" ? cubic_weight(d, s.cubic) : std::max(0.0, 1 - std::abs(d));
    const int64_t index = base + start + i;
    if (s.exclude_outside && (index < 0 || index >= a.in)) w = 0;
    weights.push_back(w);
    sum += w;
  }
  for (int64_t i = 0; i < count; ++i)
    row[size_t(std::clamp<int64_t>(base + start + i, 0, a.in - 1))] +=
        weights[size_t(i)] / (sum == 0 ? 1 : sum);
}

Value resize_axis(const Value& x, int64_t axis, const Axis& a, const Settings& s) {
  if (a.in < 1 || a.out < 0 ||
      checked_mul(size_t(a.in), size_t(a.out)).value_or(SIZE_MAX) > kMaxWeights)
    fail(ErrorCode::NotSupported, "resizing {} to {} elements in this mode is not supported", a.in,
         a.out);
  Builder& b = *x.builder;
  const int64_t rank = x.rank();
  std::vector<double> matrix;
  std::vector<int64_t> outside(size_t(a.out), 0);
  bool any = false;
  for (int64_t o = 0; o < a.out; ++o) {
    std::vector<double> row(size_t(a.in), 0);
    fill_row(row, a, o, s);
    matrix.insert(matrix.end(), row.begin(), row.end());
    const double at = coordinate(a, o, s);
    outside[size_t(o)] = s.coordinates == "tf_crop_and_resize" && (at < 0 || at > double(a.in - 1));
    any = any || outside[size_t(o)];
  }
  const element::Type inner = x.type().is_real() ? x.type() : element::f32;
  std::vector<int64_t> order = iota(0, rank);
  std::swap(order[size_t(axis)], order.back());
  const Value last = axis == rank - 1 ? convert(x, inner) : transpose(convert(x, inner), order);
  const Value weights =
      b.constant(make_tensor<double>(inner, Shape{size_t(a.out), size_t(a.in)}, matrix));
  Value y = matmul(last, weights, false, true);
  if (any)
    y = select(b.constant(make_tensor<int64_t>(element::boolean, Shape{size_t(a.out)}, outside)),
               b.number(inner, s.extrapolation), y);
  return convert(axis == rank - 1 ? y : transpose(y, order), x.type());
}

Settings settings_of(Node& n) {
  Settings s;
  s.mode = n.text("mode", "nearest");
  if (s.mode != "nearest" && s.mode != "linear" && s.mode != "cubic")
    fail(ErrorCode::NotSupported, "mode '{}' is not supported", s.mode);
  s.coordinates =
      n.text("coordinate_transformation_mode", n.opset >= 11 ? "half_pixel" : "asymmetric");
  s.nearest = n.text("nearest_mode", n.opset >= 11 ? "round_prefer_floor" : "floor");
  s.cubic = n.real("cubic_coeff_a", -0.75);
  s.extrapolation = n.real("extrapolation_value", 0);
  s.exclude_outside = n.integer("exclude_outside", 0) != 0;
  s.antialias = n.integer("antialias", 0) != 0 && s.mode != "nearest";
  if (n.opset >= 11 && n.has(1) && s.coordinates == "tf_crop_and_resize")
    s.roi = n.in(1).doubles().value_or(std::vector<double>{});
  return s;
}

// Sizes that keep the aspect ratio: the scale that fits inside, or covers, what is asked for.
std::vector<int64_t> keep_ratio(const std::string& policy, const Value& x,
                                std::vector<int64_t> sizes, const std::vector<int64_t>& axes) {
  if (policy == "stretch") return sizes;
  double scale = policy == "not_larger" ? INFINITY : 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const double s = double(sizes[i]) / double(x.dim(axes[i]).get_length());
    scale = policy == "not_larger" ? std::min(scale, s) : std::max(scale, s);
  }
  for (size_t i = 0; i < axes.size(); ++i)
    sizes[i] = int64_t(std::floor(scale * double(x.dim(axes[i]).get_length()) + 0.5));
  return sizes;
}

// Everything known: axes that stay as they are drop out.
Outputs resize_known(Node& n, const Value& x, const std::vector<int64_t>& axes,
                     const std::vector<double>& scales, std::vector<int64_t> sizes,
                     const Settings& s) {
  const bool by_scale = !scales.empty();
  if (!by_scale)
    sizes = keep_ratio(n.text("keep_aspect_ratio_policy", "stretch"), x, std::move(sizes), axes);
  const bool crop = s.coordinates == "tf_crop_and_resize";
  std::vector<int64_t> kept_axes, kept_sizes;
  std::vector<double> kept_scales;
  Value y = x;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Dimension extent = x.dim(axes[i]);
    if (by_scale ? scales[i] == 1 && !crop
                 : extent.is_static() && extent.get_length() == sizes[i] && !crop)
      continue;
    kept_axes.push_back(axes[i]);
    if (by_scale)
      kept_scales.push_back(scales[i]);
    else
      kept_sizes.push_back(sizes[i]);
    if (has_ir_form(s)) continue;
    if (extent.is_dynamic())
      fail(ErrorCode::NotSupported, "{} of dynamic extents is not supported", s.coordinates);
    Axis a{extent.get_length(), 0, 1, 0, 1};
    a.out = by_scale ? int64_t(std::floor(double(a.in) * scales[i])) : sizes[i];
    a.scale = by_scale ? scales[i] : double(sizes[i]) / double(a.in);
    if (s.roi.size() == 2 * axes.size()) {
      a.roi_start = s.roi[i];
      a.roi_end = s.roi[i + axes.size()];
      if (by_scale)
        a.out = int64_t(std::floor(double(a.in) * (a.roi_end - a.roi_start) * scales[i]));
    }
    y = resize_axis(y, axes[i], a, s);
  }
  if (kept_axes.empty() || !has_ir_form(s)) return y;
  const Value target = by_scale ? n.b.numbers(element::f32, kept_scales) : n.b.ints(kept_sizes);
  return interpolate(n, x, target, by_scale, kept_axes, s);
}

}  // namespace

Outputs resize(Node& n) {
  const Value x = n.in(0);
  const Settings s = settings_of(n);
  const size_t scales_at = n.opset >= 11 ? 2 : 1;
  const int64_t rank = x.rank();
  std::vector<int64_t> axes = normal_axes(n.ints("axes", iota(0, rank)), rank);
  const bool by_scale = !n.has(3) || n.opset < 11;
  const Value target = by_scale ? n.in(scales_at) : n.in(3);
  if (const auto scales = by_scale ? target.doubles() : std::nullopt) {
    if (scales->size() != axes.size())
      fail(ErrorCode::InvalidModel, "{} scales for {} axes", scales->size(), axes.size());
    return resize_known(n, x, axes, *scales, {}, s);
  }
  if (const auto sizes = by_scale ? std::nullopt : target.ints()) {
    if (sizes->size() != axes.size())
      fail(ErrorCode::InvalidModel, "{} sizes for {} axes", sizes->size(), axes.size());
    return resize_known(n, x, axes, {}, *sizes, s);
  }
  if (!has_ir_form(s) || n.text("keep_aspect_ratio_policy", "stretch") != "stretch")
    fail(ErrorCode::NotSupported, "{} with sizes that are not constant is not supported",
         s.coordinates);
  // Batch and channels are never resized by what computes its sizes.
  if (int64_t(axes.size()) == rank && rank > 2)
    return interpolate(n, x, slice(target, 0, 2, rank), by_scale, iota(2, rank), s);
  return interpolate(n, x, target, by_scale, axes, s);
}

Outputs upsample_7(Node& n) {
  Settings s;
  s.mode = n.text("mode", "nearest");
  s.coordinates = "asymmetric";
  s.nearest = "floor";
  const int64_t rank = n.in(0).rank();
  std::vector<double> scales = n.reals("scales");
  if (n.has_attribute("height_scale"))
    scales = {1, 1, n.real("height_scale", 1), n.real("width_scale", 1)};
  if (int64_t(scales.size()) != rank)
    fail(ErrorCode::InvalidModel, "{} scales for rank {}", scales.size(), rank);
  return resize_known(n, n.in(0), iota(0, rank), scales, {}, s);
}

Outputs upsample_9(Node& n) {
  Settings s;
  s.mode = n.text("mode", "nearest");
  s.coordinates = "asymmetric";
  s.nearest = "floor";
  const int64_t rank = n.in(0).rank();
  if (const auto scales = n.in(1).doubles())
    return resize_known(n, n.in(0), iota(0, rank), *scales, {}, s);
  return interpolate(n, n.in(0), slice(n.in(1), 0, 2, rank), true, iota(2, rank), s);
}

}  // namespace vireo::onnx
