// ROIAlign and ROIAlignRotated: regions of feature maps, each brought to a fixed size by bilinear
// samples.
#include <cmath>

#include "ops/detection/roi_sampling.h"

namespace vireo::ops {
namespace {

enum class Mode { Avg, Max };
constexpr const char* kModes[] = {"avg", "max"};
enum class Aligned { Asymmetric, HalfPixelForNn, HalfPixel };
constexpr const char* kAligned[] = {"asymmetric", "half_pixel_for_nn", "half_pixel"};

struct RoiAlign {
  int64_t pooled_h = 1, pooled_w = 1, sampling_ratio = 0;
  double spatial_scale = 1;
  Mode mode = Mode::Avg;
  Aligned aligned_mode = Aligned::Asymmetric;  // opset 9
};
void visit_common(AttrVisitor& v, RoiAlign& a) {
  v.on("pooled_h", a.pooled_h);
  v.on("pooled_w", a.pooled_w);
  v.on("sampling_ratio", a.sampling_ratio);
  v.on("spatial_scale", a.spatial_scale);
  v.on("mode", a.mode, kModes);
}
void visit(AttrVisitor& v, RoiAlign& a) {
  visit_common(v, a);
  v.on("aligned_mode", a.aligned_mode, kAligned);
}
struct RoiAlign3 : RoiAlign {};
void visit(AttrVisitor& v, RoiAlign3& a) { visit_common(v, a); }
struct RoiAlignRotated : RoiAlign {
  bool clockwise_mode = false;
};
void visit(AttrVisitor& v, RoiAlignRotated& a) {
  v.on("pooled_h", a.pooled_h);
  v.on("pooled_w", a.pooled_w);
  v.on("sampling_ratio", a.sampling_ratio);
  v.on("spatial_scale", a.spatial_scale);
  v.on("clockwise_mode", a.clockwise_mode);
}

template <typename Context>
const RoiAlign& attrs_of(Context& c) {
  switch (c.version()) {
    case 3: return c.template attrs<RoiAlign3>();
    case 9: return c.template attrs<RoiAlign>();
    default: return c.template attrs<RoiAlignRotated>();
  }
}

void infer(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_rank(0, 4, 4);
  c.expect_rank(1, 2, 2);
  c.expect_rank(2, 1, 1);
  c.expect_integral(2);
  const RoiAlign& a = attrs_of(c);
  if (a.pooled_h < 1 || a.pooled_w < 1)
    c.fail("pooled_h {} and pooled_w {} must be at least 1", a.pooled_h, a.pooled_w);
  if (a.sampling_ratio < 0) c.fail("sampling_ratio is {}, below 0", a.sampling_ratio);
  const int64_t width = c.version() == 15 ? 5 : 4;
  Dimension count;
  if (c.shape(1).rank_is_static()) {
    if (!c.shape(1)[1].compatible(Dimension(width)))
      c.fail("regions have {} numbers each, {} are needed", c.shape(1)[1].to_string(), width);
    count = c.shape(1)[0];
  }
  if (c.shape(2).rank_is_static() && !Dimension::merge(count, count, c.shape(2)[0]))
    c.fail("{} batch indices do not fit {} regions", c.shape(2)[0].to_string(), count.to_string());
  const Dimension channels = c.shape(0).rank_is_static() ? c.shape(0)[1] : Dimension();
  c.set_output(0, c.common_type(0, 2),
               PartialShape{count, channels, Dimension(a.pooled_h), Dimension(a.pooled_w)});
}

SampleSpace straight(const RoiAlign& a, const float* roi) {
  const bool aligned = a.aligned_mode != Aligned::Asymmetric;
  const float before = a.aligned_mode == Aligned::HalfPixel ? 0.5f : 0.0f,
              after = aligned ? -0.5f : 0.0f, scale = float(a.spatial_scale);
  const auto place = [&](float v) { return (v + before) * scale + after; };
  const float x1 = place(roi[0]), y1 = place(roi[1]);
  float width = place(roi[2]) - x1, height = place(roi[3]) - y1;
  if (!aligned) {
    width = std::max(width, 1.0f);
    height = std::max(height, 1.0f);
  }
  return {x1, y1, width, height};
}

SampleSpace turned(const RoiAlignRotated& a, const float* roi) {
  const float scale = float(a.spatial_scale), width = roi[2] * scale, height = roi[3] * scale,
              angle = a.clockwise_mode ? -roi[4] : roi[4];
  return {-width / 2,
          -height / 2,
          width,
          height,
          true,
          roi[0] * scale - 0.5f,
          roi[1] * scale - 0.5f,
          std::cos(angle),
          std::sin(angle)};
}

void evaluate(EvalContext& c) {
  const RoiAlign& a = attrs_of(c);
  const Shape& shape = c.shape(0);
  Tensor& out = c.output(0);
  const std::vector<float> maps = load_floats(c.input(0)), rois = load_floats(c.input(1));
  const std::vector<int64_t> batch = load<int64_t>(c.input(2));
  const size_t width = c.shape(1)[1], image = shape[1] * shape[2] * shape[3],
               region = shape[1] * size_t(a.pooled_h) * size_t(a.pooled_w);
  std::vector<float> result(out.get_size(), 0.0f);
  const RoiPooling pooling{a.pooled_h, a.pooled_w, a.sampling_ratio, a.mode == Mode::Max};
  for (size_t i = 0; i < batch.size() && image > 0; ++i) {
    if (batch[i] < 0 || size_t(batch[i]) >= shape[0])
      c.fail("batch index {} is out of range for a batch of {}", batch[i], shape[0]);
    const float* roi = rois.data() + i * width;
    const SampleSpace space =
        c.version() == 15 ? turned(c.attrs<RoiAlignRotated>(), roi) : straight(a, roi);
    pool_region(maps.data() + size_t(batch[i]) * image, shape[1], shape[2], shape[3], space,
                pooling, result.data() + i * region);
  }
  store_floats(out, result);
}

}  // namespace

VIREO_DEFINE_OP(roi_align_3){"ROIAlign", 3,        &kAttrType<RoiAlign3>,
                             infer,      evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(roi_align_9){"ROIAlign", 9,        &kAttrType<RoiAlign>,
                             infer,      evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(roi_align_rotated_15){
    "ROIAlignRotated", 15, &kAttrType<RoiAlignRotated>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
