// Interpolate: its attributes, and the weights that every mode comes down to.
#pragma once

#include "core/op.h"

namespace vireo::ops {

enum class InterpolateMode { Nearest, Linear, LinearOnnx, Cubic, BilinearPillow, BicubicPillow };
enum class ShapeCalculation { Sizes, Scales };
enum class CoordinateMode {
  HalfPixel,
  PytorchHalfPixel,
  Asymmetric,
  TfHalfPixelForNn,
  AlignCorners
};
enum class NearestMode { RoundPreferFloor, RoundPreferCeil, Floor, Ceil, Simple };

struct Interpolate {
  InterpolateMode mode = InterpolateMode::Nearest;
  ShapeCalculation shape_calculation_mode = ShapeCalculation::Sizes;
  CoordinateMode coordinate_transformation_mode = CoordinateMode::HalfPixel;
  NearestMode nearest_mode = NearestMode::RoundPreferFloor;
  bool antialias = false;
  std::vector<int64_t> pads_begin, pads_end;
  double cube_coeff = -0.75;
};
void visit(AttrVisitor& v, Interpolate& a);

enum class InterpolateMode1 { Nearest, Linear, Cubic, Area };
struct Interpolate1 {
  std::vector<int64_t> axes;
  InterpolateMode1 mode = InterpolateMode1::Nearest;
  bool align_corners = true, antialias = false;
  std::vector<int64_t> pads_begin, pads_end;
};
void visit(AttrVisitor& v, Interpolate1& a);

// What opset 1 means in the words of opset 4.
Interpolate modern(const Interpolate1& a);

// One output position along an axis: which input positions it reads, and how much of each.
struct Tap {
  int64_t index;
  double weight;
};
using AxisTaps = std::vector<std::vector<Tap>>;

// `extent` is the padded input's; `scale` is output over input.
AxisTaps axis_taps(const Interpolate& a, size_t extent, size_t out_extent, float scale);
int64_t nearest_index(const Interpolate& a, size_t extent, size_t out_extent, float scale,
                      size_t at);

// Resizes `x` of a shape along one axis.
std::vector<double> apply_taps(const std::vector<double>& x, const std::vector<size_t>& shape,
                               size_t axis, const AxisTaps& taps);

}  // namespace vireo::ops
