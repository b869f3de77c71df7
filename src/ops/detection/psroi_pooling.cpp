// PSROIPooling and DeformablePSROIPooling: every cell of a region reads channels of its own.
#include <algorithm>
#include <cmath>

#include "ops/detection/boxes.h"

namespace vireo::ops {
namespace {

struct Psroi {
  int64_t output_dim = 0, group_size = 1;
  double spatial_scale = 1;
  std::string mode = "average";
  int64_t spatial_bins_x = 1, spatial_bins_y = 1;
};
void visit(AttrVisitor& v, Psroi& a) {
  v.on("output_dim", a.output_dim);
  v.on("group_size", a.group_size);
  v.on("spatial_scale", a.spatial_scale);
  v.on("mode", a.mode);
  v.on("spatial_bins_x", a.spatial_bins_x);
  v.on("spatial_bins_y", a.spatial_bins_y);
}
struct Deformable : Psroi {
  double trans_std = 1;
  int64_t part_size = 1;
  Deformable() { mode = "bilinear_deformable"; }
};
void visit(AttrVisitor& v, Deformable& a) {
  visit(v, static_cast<Psroi&>(a));
  v.on("trans_std", a.trans_std);
  v.on("part_size", a.part_size);
}

void infer_with(InferContext& c, const Psroi& a) {
  c.expect_rank(0, 4, 4);
  c.expect_rank(1, 2, 2);
  if (a.output_dim < 1 || a.group_size < 1)
    c.fail("output_dim {} and group_size {} must be at least 1", a.output_dim, a.group_size);
  constexpr int64_t kMost = 4096;
  if (a.spatial_bins_x < 1 || a.spatial_bins_y < 1 || a.spatial_bins_x > kMost ||
      a.spatial_bins_y > kMost)
    c.fail("spatial bins {} x {} are out of range", a.spatial_bins_x, a.spatial_bins_y);
  if (c.shape(1).rank_is_static() && !c.shape(1)[1].compatible(Dimension(5)))
    c.fail("regions have {} numbers each, 5 are needed", c.shape(1)[1].to_string());
  const int64_t cells =
      a.mode == "bilinear" ? a.spatial_bins_x * a.spatial_bins_y : a.group_size * a.group_size;
  if (c.shape(0).rank_is_static() && !c.shape(0)[1].compatible(Dimension(a.output_dim * cells)))
    c.fail("{} channels, {} times {} are needed", c.shape(0)[1].to_string(), a.output_dim, cells);
  const Dimension count = c.shape(1).rank_is_static() ? c.shape(1)[0] : Dimension();
  c.set_output(0, c.common_type(0, 2),
               PartialShape{count, Dimension(a.output_dim), Dimension(a.group_size),
                            Dimension(a.group_size)});
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  const Psroi& a = c.attrs<Psroi>();
  if (a.mode != "average" && a.mode != "bilinear")
    c.fail("mode is '{}', average or bilinear is needed", a.mode);
  infer_with(c, a);
}
void infer_deformable(InferContext& c) {
  c.expect_inputs(2, 3);
  const Deformable& a = c.attrs<Deformable>();
  if (a.part_size < 1) c.fail("part_size is {}, at least 1 is needed", a.part_size);
  infer_with(c, a);
}

struct Maps {
  std::vector<float> values;
  size_t channels, height, width;
  const float* of(size_t batch, size_t channel) const {
    return values.data() + (batch * channels + channel) * height * width;
  }
  float at(const float* map, float y, float x) const {
    const size_t left = size_t(std::floor(x)), top = size_t(std::floor(y));
    const size_t right = std::min(size_t(std::ceil(x)), width - 1),
                 bottom = std::min(size_t(std::ceil(y)), height - 1);
    const float upper = map[top * width + left] +
                        (map[top * width + right] - map[top * width + left]) * (x - float(left));
    const float lower =
        map[bottom * width + left] +
        (map[bottom * width + right] - map[bottom * width + left]) * (x - float(left));
    return upper + (lower - upper) * (y - float(top));
  }
};

float average(const Maps& m, const float* map, const Box& region, size_t row, size_t column,
              size_t cells) {
  const float bin_w = (region.x2 - region.x1) / float(cells),
              bin_h = (region.y2 - region.y1) / float(cells);
  const auto edge = [](float v, size_t most) { return size_t(bounded(v, 0.0f, float(most))); };
  const size_t w0 =
      std::min(edge(std::floor(region.x1 + float(column) * bin_w), m.width), m.width - 1);
  const size_t h0 =
      std::min(edge(std::floor(region.y1 + float(row) * bin_h), m.height), m.height - 1);
  const size_t w1 = edge(std::ceil(region.x1 + float(column + 1) * bin_w), m.width),
               h1 = edge(std::ceil(region.y1 + float(row + 1) * bin_h), m.height);
  if (w1 <= w0 || h1 <= h0) return 0;
  double sum = 0;
  for (size_t h = h0; h < h1; ++h)
    for (size_t w = w0; w < w1; ++w) sum += double(map[h * m.width + w]);
  return float(sum / double((w1 - w0) * (h1 - h0)));
}

// A point of bin `bin` of `bins`, for cell `at` of `cells` along an axis of an extent; the region
// is given as shares of it.
float bin_point(float start, float end, size_t bin, int64_t bins, size_t at, size_t cells,
                size_t extent) {
  const float size = (end - start) / float(bins), from = start + float(bin) * size,
              span = float(extent) - 1;
  if (cells == 1) return (from + from + size) * span / 2;
  return float(at) * (size * span / float(cells - 1)) + from * span;
}

float bilinear(const Maps& m, const Psroi& a, size_t batch, size_t out_channel, const Box& region,
               size_t row, size_t column) {
  const size_t cells = size_t(a.group_size);
  float sum = 0;
  for (size_t by = 0, channel = 0; by < size_t(a.spatial_bins_y); ++by)
    for (size_t bx = 0; bx < size_t(a.spatial_bins_x); ++bx, ++channel) {
      const float x = bin_point(region.x1, region.x2, bx, a.spatial_bins_x, column, cells, m.width);
      const float y = bin_point(region.y1, region.y2, by, a.spatial_bins_y, row, cells, m.height);
      if (x >= 0 && y >= 0 && x < float(m.width) && y < float(m.height))
        sum += m.at(m.of(batch, channel * size_t(a.output_dim) + out_channel), y, x);
    }
  return sum / float(a.spatial_bins_x * a.spatial_bins_y);
}

// Calls f(batch, roi numbers, region index) and stores what it gives for [output_dim, group, group]
// of each region.
template <typename F>
void for_regions(EvalContext& c, const Psroi& a, const Maps& m, F&& f) {
  Tensor& out = c.output(0);
  const std::vector<float> rois = load_floats(c.input(1));
  std::vector<float> result(out.get_size(), 0.0f);
  const size_t each = size_t(a.output_dim * a.group_size * a.group_size);
  for (size_t r = 0; r < c.shape(1)[0] && m.height * m.width > 0; ++r) {
    const float* roi = rois.data() + r * 5;
    if (roi[0] < 0) continue;
    if (!(roi[0] < float(c.shape(0)[0])))
      c.fail("batch index {} is out of range for a batch of {}", roi[0], c.shape(0)[0]);
    f(size_t(roi[0]), roi + 1, r, result.data() + r * each);
  }
  store_floats(out, result);
}

Maps load_maps(EvalContext& c) {
  return {load_floats(c.input(0)), c.shape(0)[1], c.shape(0)[2], c.shape(0)[3]};
}

void evaluate(EvalContext& c) {
  const Psroi& a = c.attrs<Psroi>();
  const Maps m = load_maps(c);
  const float scale = float(a.spatial_scale);
  const bool averages = a.mode == "average";
  const size_t cells = size_t(a.group_size);
  for_regions(c, a, m, [&](size_t batch, const float* r, size_t, float* to) {
    const auto whole = [&](float v, float more) { return (std::round(v) + more) * scale; };
    const Box region = averages
                           ? Box{whole(r[0], 0), whole(r[1], 0), whole(r[2], 1), whole(r[3], 1)}
                           : Box{r[0] * scale, r[1] * scale, r[2] * scale, r[3] * scale};
    for (size_t ch = 0, channel = 0; ch < size_t(a.output_dim); ++ch)
      for (size_t row = 0; row < cells; ++row)
        for (size_t column = 0; column < cells; ++column, ++channel)
          *to++ = averages ? average(m, m.of(batch, channel), region, row, column, cells)
                           : bilinear(m, a, batch, ch, region, row, column);
  });
}

float deformed(const Maps& m, const Deformable& a, const float* map, float x0, float y0,
               float step_x, float step_y) {
  float sum = 0;
  int64_t count = 0;
  for (int64_t by = 0; by < a.spatial_bins_y; ++by)
    for (int64_t bx = 0; bx < a.spatial_bins_x; ++bx) {
      const float x = x0 + float(bx) * step_x, y = y0 + float(by) * step_y;
      if (!(x >= -0.5f && x <= float(m.width) - 0.5f && y >= -0.5f && y <= float(m.height) - 0.5f))
        continue;
      sum += m.at(map, std::clamp(y, 0.0f, float(m.height - 1)),
                  std::clamp(x, 0.0f, float(m.width - 1)));
      ++count;
    }
  return count ? sum / float(count) : 0.0f;
}

void evaluate_deformable(EvalContext& c) {
  const Deformable& a = c.attrs<Deformable>();
  const Maps m = load_maps(c);
  const float scale = float(a.spatial_scale), spread = float(a.trans_std);
  const size_t cells = size_t(a.group_size), part = size_t(a.part_size),
               channels = size_t(a.output_dim);
  std::vector<float> offsets;
  size_t groups = 0;
  if (c.inputs() > 2) {
    offsets = load_floats(c.input(2));
    groups = c.shape(2).size() == 4 ? c.shape(2)[1] / 2 : 0;
    if (groups == 0 || groups > channels ||
        offsets.size() < c.shape(1)[0] * groups * 2 * part * part)
      c.fail("offsets of shape {} do not fit", c.shape(2).to_string());
  }
  for_regions(c, a, m, [&](size_t batch, const float* r, size_t index, float* to) {
    const float x1 = std::round(r[0]) * scale - 0.5f, y1 = std::round(r[1]) * scale - 0.5f;
    const float width = std::max((std::round(r[2]) + 1) * scale - 0.5f - x1, 0.1f),
                height = std::max((std::round(r[3]) + 1) * scale - 0.5f - y1, 0.1f);
    const float bin_w = width / float(cells), bin_h = height / float(cells);
    for (size_t ch = 0, channel = 0; ch < channels; ++ch)
      for (size_t row = 0; row < cells; ++row)
        for (size_t column = 0; column < cells; ++column, ++channel) {
          float x = x1 + float(column) * bin_w, y = y1 + float(row) * bin_h;
          if (groups > 0) {
            const size_t first = (index * groups + ch / (channels / groups)) * 2,
                         at = row * part / cells * part + column * part / cells;
            x += offsets[first * part * part + at] * spread * width;
            y += offsets[(first + 1) * part * part + at] * spread * height;
          }
          *to++ = deformed(m, a, m.of(batch, channel), x, y, bin_w / float(a.spatial_bins_x),
                           bin_h / float(a.spatial_bins_y));
        }
  });
}

}  // namespace

VIREO_DEFINE_OP(psroi_pooling_1){"PSROIPooling", 1,        &kAttrType<Psroi>,
                                 infer,          evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(deformable_psroi_pooling_1){"DeformablePSROIPooling", 1,
                                            &kAttrType<Deformable>,   infer_deformable,
                                            evaluate_deformable,      Tolerance::Accumulate};

}  // namespace vireo::ops
