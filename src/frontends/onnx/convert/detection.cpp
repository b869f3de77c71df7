// Boxes, regions and grids.
#include <cmath>

#include "core/values.h"
#include "frontends/onnx/convert/node.h"
#include "frontends/onnx/reader/tensor.h"

namespace vireo::onnx {

Outputs non_max_suppression(Node& n) {
  const Value most = n.has(2) ? as_scalar(convert(n.in(2), element::i64)) : n.b.integer(0);
  // ONNX drops boxes over the threshold, IR those that reach it: the next number makes them agree.
  const Value given = n.has(3) ? as_scalar(n.in(3)) : n.b.number(element::f32, 0);
  const auto known = given.scalar();
  const Value iou = known ? n.b.number(element::f32, std::nextafter(float(*known), INFINITY))
                          : given * 1.00000011920929;
  const Value score =
      n.has(4) ? as_scalar(n.in(4)) : n.b.number(element::f32, -3.4028234663852886e38);
  return n.b.add("NonMaxSuppression", 9, {n.in(0), n.in(1), most, iou, score},
                 {{"box_encoding", n.integer("center_point_box", 0) ? "center" : "corner"},
                  {"sort_result_descending", false},
                  {"output_type", element::i64}});
}

Outputs roi_align(Node& n) {
  const std::string mode =
      n.text("coordinate_transformation_mode", n.opset >= 16 ? "half_pixel" : "output_half_pixel");
  return n.b.add("ROIAlign", 9, {n.in(0), n.in(1), convert(n.in(2), element::i32)},
                 {{"pooled_h", n.integer("output_height", 1)},
                  {"pooled_w", n.integer("output_width", 1)},
                  {"sampling_ratio", n.integer("sampling_ratio", 0)},
                  {"spatial_scale", n.real("spatial_scale", 1)},
                  {"mode", n.text("mode", "avg")},
                  {"aligned_mode", mode == "half_pixel" ? "half_pixel_for_nn" : "asymmetric"}});
}

Outputs max_roi_pool(Node& n) {
  const std::vector<int64_t> pooled = n.ints("pooled_shape", {});
  if (pooled.size() != 2)
    fail(ErrorCode::InvalidModel, "pooled_shape has {} extents, expected 2", pooled.size());
  return n.b.add("ROIPooling", 2, {n.in(0), n.in(1)},
                 {{"pooled_h", pooled[0]},
                  {"pooled_w", pooled[1]},
                  {"spatial_scale", n.real("spatial_scale", 1)},
                  {"method", "max"}});
}

Outputs grid_sample(Node& n) {
  std::string mode = n.text("mode", "linear");
  if (mode == "linear") mode = "bilinear";
  if (mode == "cubic") mode = "bicubic";
  return n.b.add("GridSample", 9, {n.in(0), n.in(1)},
                 {{"align_corners", n.integer("align_corners", 0) != 0},
                  {"mode", mode},
                  {"padding_mode", n.text("padding_mode", "zeros")}});
}

namespace {

// Positions from -1 to 1 of an axis whose extent is a tensor of one element.
Value positions(const Value& extent, element::Type type, bool align) {
  Builder& b = *extent.builder;
  const Value count = convert(as_scalar(extent), type);
  const Value at = range(b.number(element::i64, 0), as_scalar(extent), b.integer(1), element::i64);
  const Value index = convert(at, type);
  if (align) return index * 2.0 / (count - 1.0) - 1.0;
  return (index * 2.0 + 1.0) / count - 1.0;
}

}  // namespace

Outputs affine_grid(Node& n) {
  const Value theta = n.in(0), size = convert(n.in(1), element::i64);
  const bool align = n.integer("align_corners", 0) != 0;
  const int64_t axes = theta.dim(1).get_length();
  const element::Type type = theta.type();
  const Value spatial = slice(size, 0, 2, 2 + axes);
  Values columns;
  for (int64_t i = axes - 1; i >= 0; --i) {  // x first
    Value p = positions(slice(spatial, 0, i, i + 1), type, align);
    p = unsqueeze(p, iota(1, axes - i));
    columns.push_back(reshape(broadcast(p, spatial), {-1, 1}));
  }
  const Value ones = broadcast(n.b.number(type, 1),
                               concat({reduce("ReduceProd", spatial, {0}), n.b.ints({1})}, 0));
  columns.push_back(ones);
  const Value flat = matmul(concat(columns, 1), theta, false, true);  // [N, H * W, axes]
  return reshape(flat, concat({slice(size, 0, 0, 1), spatial, n.b.ints({axes})}, 0));
}

}  // namespace vireo::onnx
