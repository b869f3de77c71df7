// ROIPooling: regions of feature maps pooled to a fixed size, by maximum or by one bilinear sample
// per cell.
#include <algorithm>
#include <cmath>

#include "ops/detection/boxes.h"

namespace vireo::ops {
namespace {

enum class Method { Max, Bilinear };
constexpr const char* kMethods[] = {"max", "bilinear"};

struct RoiPooling {
  int64_t pooled_h = 0, pooled_w = 0;
  std::vector<int64_t> output_size, output_roi;
  double spatial_scale = 0;
  Method method = Method::Max;
};
void visit(AttrVisitor& v, RoiPooling& a) {
  v.on("output_size", a.output_size);
  v.on("output_roi", a.output_roi);
  v.on("pooled_h", a.pooled_h);
  v.on("pooled_w", a.pooled_w);
  v.on("spatial_scale", a.spatial_scale);
  v.on("method", a.method, kMethods);
}

// Newer files say output_roi, older ones pooled_h and pooled_w.
std::pair<int64_t, int64_t> pooled_size(const RoiPooling& a) {
  for (const auto& given : {a.output_roi, a.output_size})
    if (given.size() == 2 && given[0] > 0) return {given[0], given[1]};
  return {a.pooled_h, a.pooled_w};
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(0, 4, 4);
  c.expect_rank(1, 2, 2);
  const auto [height, width] = pooled_size(c.attrs<RoiPooling>());
  if (height < 1 || width < 1)
    c.fail("the pooled size {} x {} must be at least 1 x 1", height, width);
  if (c.shape(1).rank_is_static() && !c.shape(1)[1].compatible(Dimension(5)))
    c.fail("regions have {} numbers each, 5 are needed", c.shape(1)[1].to_string());
  const Dimension count = c.shape(1).rank_is_static() ? c.shape(1)[0] : Dimension(),
                  channels = c.shape(0).rank_is_static() ? c.shape(0)[1] : Dimension();
  c.set_output(0, c.common_type(0, 2),
               PartialShape{count, channels, Dimension(height), Dimension(width)});
}

struct Map {
  int64_t height, width;
};

float largest(const float* map, const Map& m, const float* roi, float scale, int64_t ph, int64_t pw,
              int64_t pooled_h, int64_t pooled_w) {
  const auto whole = [&](float v) { return int64_t(bounded(std::round(v * scale), -1e9f, 1e9f)); };
  const int64_t left = whole(roi[0]), top = whole(roi[1]), right = whole(roi[2]),
                bottom = whole(roi[3]);
  const float bin_h = float(std::max<int64_t>(bottom - top + 1, 1)) / float(pooled_h),
              bin_w = float(std::max<int64_t>(right - left + 1, 1)) / float(pooled_w);
  const int64_t h0 = std::clamp<int64_t>(int64_t(std::floor(float(ph) * bin_h)) + top, 0, m.height);
  const int64_t h1 =
      std::clamp<int64_t>(int64_t(std::ceil(float(ph + 1) * bin_h)) + top, 0, m.height);
  const int64_t w0 = std::clamp<int64_t>(int64_t(std::floor(float(pw) * bin_w)) + left, 0, m.width);
  const int64_t w1 =
      std::clamp<int64_t>(int64_t(std::ceil(float(pw + 1) * bin_w)) + left, 0, m.width);
  if (h1 <= h0 || w1 <= w0) return 0;
  float out = map[h0 * m.width + w0];
  for (int64_t h = h0; h < h1; ++h)
    for (int64_t w = w0; w < w1; ++w) out = std::max(out, map[h * m.width + w]);
  return out;
}

// Where cell `at` of `count` samples an axis whose region is given as shares of it; the last one
// without rounding past the end.
float sample_point(float start, float end, int64_t extent, int64_t at, int64_t count) {
  const float span = float(extent - 1);
  if (count == 1) return 0.5f * (start + end) * span;
  if (at == count - 1) return span * end;
  return float(at) * ((end - start) * span / float(count - 1)) + start * span;
}

float bilinear(const float* map, const Map& m, float y, float x) {
  if (!(y >= 0 && y <= float(m.height - 1) && x >= 0 && x <= float(m.width - 1))) return 0;
  const int64_t top = int64_t(std::floor(y)), left = int64_t(std::floor(x));
  const int64_t bottom = std::min(int64_t(std::ceil(y)), m.height - 1),
                right = std::min(int64_t(std::ceil(x)), m.width - 1);
  const auto at = [&](int64_t h, int64_t w) { return map[h * m.width + w]; };
  const float upper = at(top, left) + (at(top, right) - at(top, left)) * (x - float(left));
  const float lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * (x - float(left));
  return upper + (lower - upper) * (y - float(top));
}

void evaluate(EvalContext& c) {
  const RoiPooling& a = c.attrs<RoiPooling>();
  const auto [pooled_h, pooled_w] = pooled_size(a);
  const Shape& shape = c.shape(0);
  Tensor& out = c.output(0);
  const std::vector<float> maps = load_floats(c.input(0)), rois = load_floats(c.input(1));
  const Map m{int64_t(shape[2]), int64_t(shape[3])};
  std::vector<float> result;
  result.reserve(out.get_size());
  for (size_t r = 0; r < c.shape(1)[0] && out.get_size() > 0; ++r) {
    const float* roi = rois.data() + r * 5;
    // A batch index of -1 ends the regions; what follows is zero.
    if (roi[0] == -1) break;
    if (!(roi[0] >= 0 && roi[0] < float(shape[0])))
      c.fail("batch index {} is out of range for a batch of {}", roi[0], shape[0]);
    for (size_t ch = 0; ch < shape[1]; ++ch) {
      const float* map = maps.data() + (size_t(roi[0]) * shape[1] + ch) * shape[2] * shape[3];
      for (int64_t ph = 0; ph < pooled_h; ++ph)
        for (int64_t pw = 0; pw < pooled_w; ++pw)
          result.push_back(
              a.method == Method::Max
                  ? largest(map, m, roi + 1, float(a.spatial_scale), ph, pw, pooled_h, pooled_w)
                  : bilinear(map, m, sample_point(roi[2], roi[4], m.height, ph, pooled_h),
                             sample_point(roi[1], roi[3], m.width, pw, pooled_w)));
    }
  }
  result.resize(out.get_size(), 0.0f);
  store_floats(out, result);
}

}  // namespace

VIREO_DEFINE_OP(roi_pooling_2){"ROIPooling", 2,        &kAttrType<RoiPooling>,
                               infer,        evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
