// Interpolate: resizing along any axes, to sizes or by scales. Every mode is a weighted sum per
// axis, so axes follow one another.
#include <algorithm>
#include <cmath>

#include "ops/movement/rearrange.h"
#include "ops/resize/resize.h"

namespace vireo::ops {

namespace {
constexpr const char* kModes[] = {"nearest", "linear",          "linear_onnx",
                                  "cubic",   "bilinear_pillow", "bicubic_pillow"};
constexpr const char* kModes1[] = {"nearest", "linear", "cubic", "area"};
constexpr const char* kShapes[] = {"sizes", "scales"};
constexpr const char* kCoordinates[] = {"half_pixel", "pytorch_half_pixel", "asymmetric",
                                        "tf_half_pixel_for_nn", "align_corners"};
constexpr const char* kNearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                    "simple"};
}  // namespace

void visit(AttrVisitor& v, Interpolate& a) {
  v.on("mode", a.mode, kModes);
  v.on("shape_calculation_mode", a.shape_calculation_mode, kShapes);
  v.on("coordinate_transformation_mode", a.coordinate_transformation_mode, kCoordinates);
  v.on("nearest_mode", a.nearest_mode, kNearest);
  v.on("antialias", a.antialias);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("cube_coeff", a.cube_coeff);
}

void visit(AttrVisitor& v, Interpolate1& a) {
  v.on("align_corners", a.align_corners);
  v.on("antialias", a.antialias);
  v.on("axes", a.axes);
  v.on("mode", a.mode, kModes1);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
}

Interpolate modern(const Interpolate1& a) {
  Interpolate out;
  // Area has no other meaning left than nearest.
  out.mode = a.mode == InterpolateMode1::Linear  ? InterpolateMode::LinearOnnx
             : a.mode == InterpolateMode1::Cubic ? InterpolateMode::Cubic
                                                 : InterpolateMode::Nearest;
  out.coordinate_transformation_mode =
      a.align_corners ? CoordinateMode::AlignCorners : CoordinateMode::Asymmetric;
  out.nearest_mode = NearestMode::Simple;
  out.antialias = a.antialias;
  out.pads_begin = a.pads_begin;
  out.pads_end = a.pads_end;
  return out;
}

namespace {

template <typename Context>
Interpolate attrs_of(Context& c) {
  return c.version() == 1 ? modern(c.template attrs<Interpolate1>())
                          : c.template attrs<Interpolate>();
}

// Which input holds scales, sizes and axes differs between the opsets; -1 is none.
struct Inputs {
  int sizes, scales, axes;
};
Inputs inputs_of(int version) {
  return version == 1 ? Inputs{1, -1, -1} : version == 4 ? Inputs{1, 2, 3} : Inputs{1, 1, 2};
}

int64_t pad_of(const std::vector<int64_t>& pads, size_t axis) {
  return axis < pads.size() ? pads[axis] : 0;
}

Dimension padded(const Dimension& d, int64_t by) {
  if (by == 0) return d;
  return Dimension(std::max<int64_t>(d.min() + by, 0),
                   d.bounded() ? std::max<int64_t>(d.max() + by, 0) : -1);
}

int64_t scaled(int64_t extent, double scale) {
  return int64_t(std::floor(double(extent) * double(float(scale)) + 1e-6));
}

Dimension scaled(InferContext& c, const Dimension& d, double scale) {
  if (!(scale > 0) || scale > 1e9) c.fail("scale {} is out of range", scale);
  if (scale == 1) return d;
  return Dimension(scaled(d.min(), scale), d.bounded() ? scaled(d.max(), scale) : -1);
}

std::optional<std::vector<int64_t>> given_axes(InferContext& c, int input) {
  if (c.version() == 1) return c.attrs<Interpolate1>().axes;
  if (input >= 0 && size_t(input) < c.inputs()) return c.ints(size_t(input));
  std::vector<int64_t> all;
  for (size_t i = 0; i < c.shape(0).size(); ++i) all.push_back(int64_t(i));
  return all;
}

void check_pads(InferContext& c, const Interpolate& a) {
  for (const auto& pads : {a.pads_begin, a.pads_end})
    for (int64_t p : pads)
      if (std::abs(p) > int64_t(1) << 31) c.fail("pad {} is out of range", p);
}

void infer(InferContext& c) {
  const Inputs in = inputs_of(c.version());
  c.expect_inputs(c.version() == 4 ? 3 : 2, c.version() == 1 ? 2 : c.version() == 4 ? 4 : 3);
  const Interpolate a = attrs_of(c);
  check_pads(c, a);
  PartialShape out = c.shape(0);
  if (!out.rank_is_static()) return c.set_output(0, c.type(0), out);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = padded(out[i], pad_of(a.pads_begin, i) + pad_of(a.pads_end, i));
  const auto axes = given_axes(c, in.axes);
  if (!axes) return c.set_output(0, c.type(0), PartialShape::dynamic(int64_t(out.size())));
  const bool by_scale = a.shape_calculation_mode == ShapeCalculation::Scales && c.version() != 1;
  const auto scales = by_scale ? c.doubles(size_t(in.scales)) : std::nullopt;
  const auto sizes = by_scale ? std::nullopt : c.dims(size_t(in.sizes));
  const size_t count = scales ? scales->size() : sizes ? sizes->size() : axes->size();
  if (count != axes->size())
    c.fail("{} {} do not fit {} axes", count, by_scale ? "scales" : "sizes", axes->size());
  for (size_t i = 0; i < axes->size(); ++i) {
    Dimension& d = out[size_t(c.axis((*axes)[i], int64_t(out.size())))];
    d = scales ? scaled(c, d, (*scales)[i]) : sizes ? (*sizes)[i] : Dimension();
  }
  c.set_output(0, c.type(0), out);
}

struct Axis {
  size_t axis;
  float scale;
};

std::vector<Axis> resized_axes(EvalContext& c, const Interpolate& a, const Shape& padded,
                               const Shape& out) {
  const Inputs in = inputs_of(c.version());
  std::vector<int64_t> axes;
  if (c.version() == 1)
    axes = c.attrs<Interpolate1>().axes;
  else if (size_t(in.axes) < c.inputs())
    axes = load<int64_t>(c.input(size_t(in.axes)));
  else
    for (size_t i = 0; i < padded.size(); ++i) axes.push_back(int64_t(i));
  const bool by_scale = a.shape_calculation_mode == ShapeCalculation::Scales && c.version() != 1;
  std::vector<double> scales;
  if (by_scale) scales = load<double>(c.input(size_t(in.scales)));
  std::vector<Axis> result;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = wrap_axis(axes[i], padded.size());
    result.push_back({axis, by_scale ? float(scales[i]) : float(out[axis]) / float(padded[axis])});
  }
  return result;
}

Tensor pad_input(EvalContext& c, const Interpolate& a) {
  Shape shape = c.shape(0);
  std::vector<std::vector<int64_t>> maps;
  bool any = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t before = pad_of(a.pads_begin, i), after = pad_of(a.pads_end, i),
                  extent = int64_t(shape[i]);
    any = any || before != 0 || after != 0;
    shape[i] = size_t(std::max<int64_t>(extent + before + after, 0));
    maps.emplace_back(shape[i]);
    for (int64_t k = 0; k < int64_t(shape[i]); ++k)
      maps[i][size_t(k)] = k - before < 0 || k - before >= extent ? -1 : k - before;
  }
  if (!any) return c.input(0);
  Tensor out(c.input(0).get_element_type(), shape);
  store(out, std::vector<int64_t>(out.get_size(), 0));
  ElementMover move(out);
  move.from(c.input(0));
  copy_mapped(move, c.shape(0), maps);
  move.finish();
  return out;
}

void evaluate_nearest(const Interpolate& a, const std::vector<Axis>& axes, const Tensor& in,
                      Tensor& out) {
  const Shape& shape = in.get_shape();
  std::vector<std::vector<int64_t>> maps;
  for (size_t i = 0; i < shape.size(); ++i) {
    maps.emplace_back(out.get_shape()[i]);
    for (size_t k = 0; k < maps[i].size(); ++k) maps[i][k] = int64_t(k);
  }
  for (const Axis& axis : axes)
    for (size_t k = 0; k < maps[axis.axis].size(); ++k)
      maps[axis.axis][k] =
          nearest_index(a, shape[axis.axis], maps[axis.axis].size(), axis.scale, k);
  ElementMover move(out);
  move.from(in);
  copy_mapped(move, shape, maps);
  move.finish();
}

// Integers take the nearest value that they can hold.
void settle(element::Type type, std::vector<double>& x) {
  if (type.is_real()) return;
  const int bits = int(type.bitwidth()) - (type.is_signed() ? 1 : 0);
  const double high = std::ldexp(1.0, bits) - 1,
               low = type.is_signed() ? -std::ldexp(1.0, bits) : 0;
  for (double& v : x) v = std::clamp(std::round(v), low, high);
}

void evaluate(EvalContext& c) {
  const Interpolate a = attrs_of(c);
  Tensor& out = c.output(0);
  const Tensor in = pad_input(c, a);
  Shape shape = in.get_shape();
  if (in.get_size() == 0 && out.get_size() != 0)
    c.fail("an input of shape {} has nothing to resize", shape.to_string());
  if (out.get_size() == 0) return;
  std::vector<Axis> axes = resized_axes(c, a, shape, out.get_shape());
  if (a.mode == InterpolateMode::Nearest) return evaluate_nearest(a, axes, in, out);
  const bool pillow =
      a.mode == InterpolateMode::BilinearPillow || a.mode == InterpolateMode::BicubicPillow;
  // Pillow goes along rows first and rounds between its two passes.
  if (pillow) std::reverse(axes.begin(), axes.end());
  std::vector<double> x = load<double>(in);
  for (const Axis& axis : axes) {
    const size_t extent = out.get_shape()[axis.axis];
    if (pillow && extent == shape[axis.axis]) continue;
    x = apply_taps(x, shape, axis.axis, axis_taps(a, shape[axis.axis], extent, axis.scale));
    shape[axis.axis] = extent;
    if (pillow) settle(out.get_element_type(), x);
  }
  settle(out.get_element_type(), x);
  store(out, x);
}

}  // namespace

VIREO_DEFINE_OP(interpolate_1){"Interpolate", 1,        &kAttrType<Interpolate1>,
                               infer,         evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(interpolate_4){"Interpolate", 4,        &kAttrType<Interpolate>,
                               infer,         evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(interpolate_11){"Interpolate", 11,       &kAttrType<Interpolate>,
                                infer,         evaluate, Tolerance::Rounding};

}  // namespace vireo::ops
