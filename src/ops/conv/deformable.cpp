// DeformableConvolution: every tap reads at its own offset, by bilinear interpolation; opset 8 can
// weigh taps by a mask.
#include <cmath>

#include "core/values.h"
#include "ops/conv/conv.h"

namespace vireo::ops {

struct DeformableConvolution : Convolution {
  int64_t group = 1, deformable_group = 1;
  bool bilinear_interpolation_pad = false;  // opset 8
};
struct DeformableConvolution1 : DeformableConvolution {};
void visit(AttrVisitor& v, DeformableConvolution1& a) {
  visit(v, static_cast<Convolution&>(a));
  v.on("group", a.group);
  v.on("deformable_group", a.deformable_group);
}
void visit(AttrVisitor& v, DeformableConvolution& a) {
  v.on("bilinear_interpolation_pad", a.bilinear_interpolation_pad);
  visit(v, static_cast<Convolution&>(a));
  v.on("group", a.group);
  v.on("deformable_group", a.deformable_group);
}

namespace {

template <typename Context>
const DeformableConvolution& attrs_of(const Context& c) {
  if (c.version() == 1) return c.template attrs<DeformableConvolution1>();
  return c.template attrs<DeformableConvolution>();
}

void infer(InferContext& c) {
  c.expect_inputs(3, c.version() == 1 ? 3 : 4);
  for (size_t i = 0; i < c.inputs(); ++i) c.expect_rank(i, 4, 4);
  const DeformableConvolution& a = attrs_of(c);
  if (a.group <= 0 || a.deformable_group <= 0)
    c.fail("groups {} and {} must be positive", a.group, a.deformable_group);
  const PartialShape &data = c.shape(0), &offsets = c.shape(1), &filters = c.shape(2);
  PartialShape out = PartialShape::dynamic(4);
  if (data.rank_is_static()) out[0] = data[0];
  if (filters.rank_is_static()) out[1] = filters[0];
  std::vector<WindowAxis> axes =
      window_axes(c, 2, a.strides, a.dilations, a.pads_begin, a.pads_end);
  if (data.rank_is_static() && filters.rank_is_static()) {
    if (!data[1].compatible(filters[1] * Dimension(a.group)))
      c.fail("data has {} channels, the filters take {} in {} groups", data[1].to_string(),
             filters[1].to_string(), a.group);
    for (size_t i = 0; i < 2; ++i) {
      if (filters[2 + i].is_dynamic()) continue;
      axes[i].kernel = filters[2 + i].get_length();
      out[2 + i] = window_output(data[2 + i], axes[i], a.auto_pad);
    }
    const Dimension taps = filters[2] * filters[3] * Dimension(2 * a.deformable_group);
    if (offsets.rank_is_static() && !offsets[1].compatible(taps))
      c.fail("offsets have {} channels, expected {}", offsets[1].to_string(), taps.to_string());
  }
  if (data.rank_is_static() && data[1].is_static() &&
      data[1].get_length() % a.deformable_group != 0)
    c.fail("{} channels do not divide into {} deformable groups", data[1].get_length(),
           a.deformable_group);
  if (offsets.rank_is_static() && !Dimension::merge(out[0], out[0], offsets[0]))
    c.fail("offsets of {} have another batch than data of {}", offsets.to_string(),
           data.to_string());
  if (c.inputs() == 4 && c.shape(3).rank_is_static() && offsets.rank_is_static()) {
    PartialShape wanted = offsets;
    wanted[1] = offsets[1] / 2;
    if (!c.shape(3).compatible(wanted))
      c.fail("a mask of {} does not fit offsets of {}", c.shape(3).to_string(),
             offsets.to_string());
  }
  if (offsets.rank_is_static())
    for (size_t i = 2; i < 4; ++i)
      if (!Dimension::merge(out[i], out[i], offsets[i]))
        c.fail("offsets of {} do not fit an output of {}", offsets.to_string(), out.to_string());
  c.set_output(0, c.common_type(0, 3), out);
}

struct Plane {
  const double* data;
  int64_t height, width;
  double at(int64_t y, int64_t x) const {
    return y >= 0 && y < height && x >= 0 && x < width ? data[y * width + x] : 0;
  }
};

// With padding the cells beyond the border are 0 and blend in; without, positions outside read
// nothing and the last cell is held.
double sample(const Plane& p, double y, double x, bool pad) {
  if (pad ? y <= -1 || x <= -1 || y >= double(p.height) || x >= double(p.width)
          : y < 0 || x < 0 || y >= double(p.height) || x >= double(p.width))
    return 0;
  int64_t top = int64_t(std::floor(y)), left = int64_t(std::floor(x)), bottom = top + 1,
          right = left + 1;
  if (!pad) {
    bottom = std::min(bottom, p.height - 1);
    right = std::min(right, p.width - 1);
    if (top >= p.height - 1) y = double(top);
    if (left >= p.width - 1) x = double(left);
  }
  const double v = y - double(top), u = x - double(left);
  return (1 - v) * ((1 - u) * p.at(top, left) + u * p.at(top, right)) +
         v * ((1 - u) * p.at(bottom, left) + u * p.at(bottom, right));
}

void evaluate(EvalContext& c) {
  const DeformableConvolution& a = attrs_of(c);
  Tensor& out = c.output(0);
  const Shape &data = c.shape(0), &filters = c.shape(2), result = out.get_shape();
  const std::vector<WindowAxis> axes = resolved_axes(a, {int64_t(data[2]), int64_t(data[3])},
                                                     {int64_t(filters[2]), int64_t(filters[3])});
  const std::vector<double> x = load<double>(c.input(0)), offsets = load<double>(c.input(1)),
                            w = load<double>(c.input(2));
  std::vector<double> mask;
  if (c.inputs() == 4) mask = load<double>(c.input(3));
  const size_t taps = filters[2] * filters[3], points = result[2] * result[3],
               per_group = filters[1];
  const size_t out_per_group = filters[0] / size_t(a.group),
               per_deformable = data[1] / size_t(a.deformable_group);
  std::vector<double> r(out.get_size());
  for (size_t n = 0; n < data[0]; ++n)
    for (size_t channel = 0; channel < data[1]; ++channel) {
      const Plane plane{x.data() + (n * data[1] + channel) * data[2] * data[3], int64_t(data[2]),
                        int64_t(data[3])};
      const size_t deformable = n * size_t(a.deformable_group) + channel / per_deformable,
                   group = channel / per_group;
      for (size_t t = 0; t < taps; ++t)
        for (size_t p = 0; p < points; ++p) {
          const size_t i = p / result[3], j = p % result[3];
          const double* offset = offsets.data() + (deformable * taps + t) * 2 * points + p;
          const double y = double(int64_t(i) * axes[0].stride - axes[0].pad_begin +
                                  int64_t(t / filters[3]) * axes[0].dilation) +
                           offset[0];
          const double z = double(int64_t(j) * axes[1].stride - axes[1].pad_begin +
                                  int64_t(t % filters[3]) * axes[1].dilation) +
                           offset[points];
          double v = sample(plane, y, z, a.bilinear_interpolation_pad);
          if (!mask.empty()) v *= mask[(deformable * taps + t) * points + p];
          if (v == 0) continue;
          for (size_t o = group * out_per_group; o < (group + 1) * out_per_group; ++o)
            r[(n * result[1] + o) * points + p] +=
                v * w[(o * per_group + channel % per_group) * taps + t];
        }
    }
  store(out, r);
}

}  // namespace

VIREO_DEFINE_OP(deformable_convolution_1){
    "DeformableConvolution", 1, &kAttrType<DeformableConvolution1>, infer, evaluate,
    Tolerance::Accumulate};
VIREO_DEFINE_OP(deformable_convolution_8){
    "DeformableConvolution", 8, &kAttrType<DeformableConvolution>, infer, evaluate,
    Tolerance::Accumulate};

}  // namespace vireo::ops
