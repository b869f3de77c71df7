// PriorBox and PriorBoxClustered: boxes of given sizes about every cell of a feature map, and their
// variances.
#include <algorithm>
#include <cmath>

#include "ops/detection/boxes.h"

namespace vireo::ops {
namespace {

struct PriorBox {
  std::vector<double> min_size, max_size, aspect_ratio, density, fixed_ratio, fixed_size;
  bool clip = false, flip = false;
  double step = 0, offset = 0;
  std::vector<double> variance;
  bool scale_all_sizes = true;
  bool min_max_aspect_ratios_order = true;  // opset 8
};
void visit_common(AttrVisitor& v, PriorBox& a) {
  v.on("min_size", a.min_size);
  v.on("max_size", a.max_size);
  v.on("aspect_ratio", a.aspect_ratio);
  v.on("density", a.density);
  v.on("fixed_ratio", a.fixed_ratio);
  v.on("fixed_size", a.fixed_size);
  v.on("clip", a.clip);
  v.on("flip", a.flip);
  v.on("step", a.step);
  v.on("offset", a.offset);
  v.on("variance", a.variance);
  v.on("scale_all_sizes", a.scale_all_sizes);
}
void visit(AttrVisitor& v, PriorBox& a) {
  visit_common(v, a);
  v.on("min_max_aspect_ratios_order", a.min_max_aspect_ratios_order);
}
struct PriorBox1 : PriorBox {};
void visit(AttrVisitor& v, PriorBox1& a) { visit_common(v, a); }

struct Clustered {
  std::vector<double> width, height;
  bool clip = true;
  double step = 0, step_w = 0, step_h = 0, offset = 0;
  std::vector<double> variance;
};
void visit(AttrVisitor& v, Clustered& a) {
  v.on("step", a.step);
  v.on("step_w", a.step_w);
  v.on("step_h", a.step_h);
  v.on("width", a.width);
  v.on("height", a.height);
  v.on("clip", a.clip);
  v.on("offset", a.offset);
  v.on("variance", a.variance);
}

template <typename Context>
const PriorBox& attrs_of(Context& c) {
  return c.version() == 1 ? static_cast<const PriorBox&>(c.template attrs<PriorBox1>())
                          : c.template attrs<PriorBox>();
}

// 1 first, then every new ratio, and its inverse if `flip`.
std::vector<float> ratios(const PriorBox& a) {
  std::vector<float> out = {1.0f};
  for (double given : a.aspect_ratio) {
    const float ratio = float(given);
    if (std::any_of(out.begin(), out.end(), [&](float r) { return std::abs(r - ratio) < 1e-6f; }))
      continue;
    out.push_back(ratio);
    if (a.flip) out.push_back(1.0f / ratio);
  }
  return out;
}

int64_t priors_per_cell(const PriorBox& a) {
  const int64_t count = int64_t(ratios(a).size()), mins = int64_t(a.min_size.size());
  int64_t out = a.scale_all_sizes ? count * mins + int64_t(a.max_size.size()) : count + mins - 1;
  if (!a.fixed_size.empty()) out = count * int64_t(a.fixed_size.size());
  for (double density : a.density) {
    const int64_t more = int64_t(density) * int64_t(density) - 1;
    out += (a.fixed_ratio.empty() ? count : int64_t(a.fixed_ratio.size())) * more;
  }
  return std::max<int64_t>(out, 0);
}

void infer_cells(InferContext& c, int64_t per_cell, const std::vector<double>& variance) {
  c.expect_inputs(2, 2);
  c.expect_integral(0);
  c.expect_integral(1);
  if (!c.shape(0).compatible(PartialShape{Dimension(2)}))
    c.fail("the feature map's size has shape {}, [2] is needed", c.shape(0).to_string());
  if (!c.shape(1).compatible(PartialShape{Dimension(2)}))
    c.fail("the image's size has shape {}, [2] is needed", c.shape(1).to_string());
  if (variance.size() > 1 && variance.size() != 4)
    c.fail("{} variances, 1 or 4 are needed", variance.size());
  Dimension cells;
  if (const auto size = c.dims(0); size && size->size() == 2) cells = (*size)[0] * (*size)[1];
  c.set_output(0, element::f32, PartialShape{Dimension(2), cells * Dimension(4 * per_cell)});
}

void infer(InferContext& c) {
  const PriorBox& a = attrs_of(c);
  if (!a.density.empty() && a.density.size() < a.fixed_size.size())
    c.fail("{} densities for {} fixed sizes", a.density.size(), a.fixed_size.size());
  if (a.density.empty() && !a.fixed_size.empty() && a.fixed_ratio.empty() && ratios(a).size() > 1)
    c.fail("fixed sizes with ratios need densities");
  for (double density : a.density)
    if (!(density >= 1 && density <= 4096)) c.fail("density {} is out of range", density);
  infer_cells(c, priors_per_cell(a), a.variance);
}
void infer_clustered(InferContext& c) {
  const Clustered& a = c.attrs<Clustered>();
  if (a.width.size() != a.height.size())
    c.fail("{} widths for {} heights", a.width.size(), a.height.size());
  infer_cells(c, int64_t(a.width.size()), a.variance);
}

void give(EvalContext& c, std::vector<float>& boxes, const std::vector<double>& variance) {
  Tensor& out = c.output(0);
  const size_t half = out.get_shape()[1];
  boxes.resize(half, 0.0f);
  for (size_t i = 0; i < half; ++i)
    boxes.push_back(variance.empty() ? 0.1f : float(variance[variance.size() == 1 ? 0 : i % 4]));
  store_floats(out, boxes);
}

struct Writer {
  float image_w, image_h;
  std::vector<float> out;
  // Half extents, in pixels of the image.
  void box(float x, float y, float w, float h, bool clip) {
    const Box b{(x - w) / image_w, (y - h) / image_h, (x + w) / image_w, (y + h) / image_h};
    if (clip)
      out.insert(out.end(), {std::max(b.x1, 0.0f), std::max(b.y1, 0.0f), std::min(b.x2, 1.0f),
                             std::min(b.y2, 1.0f)});
    else
      out.insert(out.end(), {b.x1, b.y1, b.x2, b.y2});
  }
};

void fixed_boxes(const PriorBox& a, float x, float y, Writer& w) {
  for (size_t s = 0; s < a.fixed_size.size(); ++s) {
    const float size = float(a.fixed_size[s]), whole = float(int64_t(size));
    const int64_t density = a.density.empty() ? 1 : int64_t(a.density[s]);
    const float shift = float(int64_t(size / float(density)));
    const auto grid = [&](float width, float height) {
      for (int64_t r = 0; r < density; ++r)
        for (int64_t col = 0; col < density; ++col)
          w.box(x - std::floor(whole / 2) + shift / 2 + float(col) * shift,
                y - std::floor(whole / 2) + shift / 2 + float(r) * shift, width, height, true);
    };
    if (!a.fixed_ratio.empty()) {
      for (double ratio : a.fixed_ratio)
        grid(size * 0.5f * std::sqrt(float(ratio)), size * 0.5f / std::sqrt(float(ratio)));
      continue;
    }
    if (!a.density.empty()) grid(whole * 0.5f, whole * 0.5f);
    for (float ratio : ratios(a))
      if (std::abs(ratio - 1.0f) >= 1e-6f)
        grid(size * 0.5f * std::sqrt(ratio), size * 0.5f / std::sqrt(ratio));
  }
}

void sized_boxes(const PriorBox& a, const std::vector<float>& min_size, float x, float y,
                 Writer& w) {
  for (size_t s = 0; s < min_size.size(); ++s) {
    w.box(x, y, min_size[s] * 0.5f, min_size[s] * 0.5f, false);
    const auto maximum = [&] {
      if (s >= a.max_size.size()) return;
      const float half = std::sqrt(min_size[s] * float(a.max_size[s])) * 0.5f;
      w.box(x, y, half, half, false);
    };
    if (a.min_max_aspect_ratios_order) maximum();
    if (a.scale_all_sizes || s + 1 == min_size.size())
      for (float ratio : ratios(a)) {
        if (std::abs(ratio - 1.0f) < 1e-6f) continue;
        const float size = min_size[a.scale_all_sizes ? s : 0];
        w.box(x, y, size * 0.5f * std::sqrt(ratio), size * 0.5f / std::sqrt(ratio), false);
      }
    if (!a.min_max_aspect_ratios_order) maximum();
  }
}

void evaluate(EvalContext& c) {
  const PriorBox& a = attrs_of(c);
  const auto map = load<int64_t>(c.input(0)), image = load<int64_t>(c.input(1));
  const int64_t height = map[0], width = map[1];
  c.output(0);  // refuses sizes that no memory holds
  Writer w{float(image[1]), float(image[0]), {}};
  float step = float(a.step);
  std::vector<float> min_size(a.min_size.begin(), a.min_size.end());
  if (!a.scale_all_sizes) {
    // Sizes and step are then shares of the image's height, as in MXNet.
    step = step == -1 ? w.image_h / float(height) : step * w.image_h;
    for (float& size : min_size) size *= w.image_h;
  }
  for (int64_t h = 0; h < height; ++h)
    for (int64_t col = 0; col < width; ++col) {
      const float x = step == 0 ? (float(col) + 0.5f) * w.image_w / float(width)
                                : (float(a.offset) + float(col)) * step;
      const float y = step == 0 ? (float(h) + 0.5f) * w.image_h / float(height)
                                : (float(a.offset) + float(h)) * step;
      fixed_boxes(a, x, y, w);
      sized_boxes(a, min_size, x, y, w);
    }
  if (a.clip)
    for (float& v : w.out) v = std::min(std::max(v, 0.0f), 1.0f);
  give(c, w.out, a.variance);
}

void evaluate_clustered(EvalContext& c) {
  const Clustered& a = c.attrs<Clustered>();
  const auto map = load<int64_t>(c.input(0)), image = load<int64_t>(c.input(1));
  const float image_w = float(image[1]), image_h = float(image[0]);
  float step_w = float(a.step_w == 0 ? a.step : a.step_w),
        step_h = float(a.step_h == 0 ? a.step : a.step_h);
  if (step_w == 0 && step_h == 0) {
    step_w = image_w / float(map[1]);
    step_h = image_h / float(map[0]);
  }
  c.output(0);  // refuses sizes that no memory holds
  std::vector<float> out;
  for (int64_t h = 0; h < map[0]; ++h)
    for (int64_t w = 0; w < map[1]; ++w)
      for (size_t s = 0; s < a.width.size(); ++s) {
        const float x = (float(w) + float(a.offset)) * step_w,
                    y = (float(h) + float(a.offset)) * step_h;
        const float half_w = float(a.width[s]) / 2, half_h = float(a.height[s]) / 2;
        out.insert(out.end(), {(x - half_w) / image_w, (y - half_h) / image_h,
                               (x + half_w) / image_w, (y + half_h) / image_h});
      }
  if (a.clip)
    for (float& v : out) v = std::min(std::max(v, 0.0f), 1.0f);
  give(c, out, a.variance);
}

}  // namespace

VIREO_DEFINE_OP(prior_box_1){"PriorBox", 1,        &kAttrType<PriorBox1>,
                             infer,      evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(prior_box_8){"PriorBox", 8,        &kAttrType<PriorBox>,
                             infer,      evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(prior_box_clustered_1){"PriorBoxClustered",   1,
                                       &kAttrType<Clustered>, infer_clustered,
                                       evaluate_clustered,    Tolerance::Rounding};

}  // namespace vireo::ops
