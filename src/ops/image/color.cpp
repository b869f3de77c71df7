// NV12 and I420 to RGB and BGR (BT.601, limited range), from one tensor of all planes or one tensor
// per plane.
#include <algorithm>
#include <cmath>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

bool is_nv12(const OpDef& op) { return op.name.substr(0, 4) == "NV12"; }
bool is_bgr(const OpDef& op) { return op.name.find("BGR") != std::string_view::npos; }

void check_plane(InferContext& c, size_t i, const PartialShape& expected) {
  if (!c.shape(i).compatible(expected))
    c.fail("plane {} has shape {}, {} is needed", i, c.shape(i).to_string(), expected.to_string());
}

Dimension half(const Dimension& d) {
  return Dimension((d.min() + 1) / 2, d.bounded() ? d.max() / 2 : -1);
}

void infer(InferContext& c) {
  const size_t planes = is_nv12(c.op()) ? 2 : 3;
  if (c.inputs() != 1 && c.inputs() != planes)
    c.fail("{} inputs, 1 or {} are needed", c.inputs(), planes);
  const element::Type type = c.common_type(0, c.inputs());
  if (type.is_static() && type != element::u8 && !type.is_real())
    c.fail("planes are {}, u8 or a floating-point type is needed", type.name());
  c.expect_rank(0, 4, 4);
  PartialShape out{Dimension(), Dimension(), Dimension(), Dimension(3)};
  if (!c.shape(0).rank_is_static()) return c.set_output(0, type, out);
  const PartialShape& y = c.shape(0);
  check_plane(c, 0, PartialShape{y[0], y[1], y[2], Dimension(1)});
  out[0] = y[0];
  out[1] = y[1];
  out[2] = y[2];
  if (c.inputs() == 1) {
    // The chroma planes lie below the picture and make it half as high again.
    if (y[1].is_static() && y[1].get_length() % 3 != 0)
      c.fail("a height of {} with chroma is no multiple of 3", y[1].get_length());
    out[1] = y[1].is_static()
                 ? Dimension(y[1].get_length() / 3 * 2)
                 : Dimension(y[1].min() / 3 * 2, y[1].bounded() ? y[1].max() / 3 * 2 : -1);
  } else {
    for (size_t i = 1; i < planes; ++i) {
      c.expect_rank(i, 4, 4);
      check_plane(c, i, PartialShape{y[0], half(y[1]), half(y[2]), Dimension(planes == 2 ? 2 : 1)});
    }
  }
  for (size_t i = 1; i < 3; ++i)
    if (out[i].is_static() && out[i].get_length() % 2 != 0)
      c.fail("a picture of {} x {} has an odd side", out[1].to_string(), out[2].to_string());
  c.set_output(0, type, out);
}

void convert(float y, float u, float v, bool bgr, bool whole, double* out) {
  const float c = y - 16.0f, d = u - 128.0f, e = v - 128.0f;
  const auto clip = [&](float x) {
    return double(std::clamp(whole ? std::round(x) : x, 0.0f, 255.0f));
  };
  const double r = clip(1.164f * c + 1.596f * e), g = clip(1.164f * c - 0.391f * d - 0.813f * e),
               b = clip(1.164f * c + 2.018f * d);
  out[0] = bgr ? b : r;
  out[1] = g;
  out[2] = bgr ? r : b;
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = out.get_shape();
  const size_t height = shape[1], width = shape[2], area = height * width, quarter = area / 4;
  const bool nv12 = is_nv12(c.op()), bgr = is_bgr(c.op()),
             whole = !out.get_element_type().is_real();
  std::vector<std::vector<double>> planes;
  for (size_t i = 0; i < c.inputs(); ++i) planes.push_back(load<double>(c.input(i)));
  std::vector<double> result(out.get_size());
  for (size_t n = 0; n < shape[0]; ++n) {
    const bool joined = c.inputs() == 1;
    const double* y = planes[0].data() + n * (joined ? area * 3 / 2 : area);
    const double* u = joined ? y + area : planes[1].data() + n * (nv12 ? 2 * quarter : quarter);
    const double* v = nv12 ? u + 1 : joined ? u + quarter : planes[2].data() + n * quarter;
    const size_t step = nv12 ? 2 : 1;
    for (size_t h = 0; h < height; ++h)
      for (size_t w = 0; w < width; ++w) {
        const size_t chroma = (h / 2 * (width / 2) + w / 2) * step;
        convert(float(y[h * width + w]), float(u[chroma]), float(v[chroma]), bgr, whole,
                result.data() + ((n * height + h) * width + w) * 3);
      }
  }
  store(out, result);
}

}  // namespace

VIREO_DEFINE_OP(nv12_to_rgb_8){"NV12toRGB", 8,        &kAttrType<NoAttrs>,
                               infer,       evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(nv12_to_bgr_8){"NV12toBGR", 8,        &kAttrType<NoAttrs>,
                               infer,       evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(i420_to_rgb_8){"I420toRGB", 8,        &kAttrType<NoAttrs>,
                               infer,       evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(i420_to_bgr_8){"I420toBGR", 8,        &kAttrType<NoAttrs>,
                               infer,       evaluate, Tolerance::Rounding};

}  // namespace vireo::ops
