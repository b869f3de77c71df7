// Proposal: regions of interest of a region proposal network, with anchors made from base size,
// ratios and scales.
#include <algorithm>
#include <cmath>

#include "ops/detection/proposals.h"

namespace vireo::ops {
namespace {

struct Proposal {
  int64_t base_size = 0, pre_nms_topn = 0, post_nms_topn = 0;
  double nms_thresh = 0;
  int64_t feat_stride = 1, min_size = 1;
  std::vector<double> ratio, scale;
  bool clip_before_nms = true, clip_after_nms = false, normalize = false;
  double box_size_scale = 1, box_coordinate_scale = 1;
  std::string framework;
};
void visit(AttrVisitor& v, Proposal& a) {
  v.on("base_size", a.base_size);
  v.on("pre_nms_topn", a.pre_nms_topn);
  v.on("post_nms_topn", a.post_nms_topn);
  v.on("nms_thresh", a.nms_thresh);
  v.on("feat_stride", a.feat_stride);
  v.on("min_size", a.min_size);
  v.on("ratio", a.ratio);
  v.on("scale", a.scale);
  v.on("clip_before_nms", a.clip_before_nms);
  v.on("clip_after_nms", a.clip_after_nms);
  v.on("normalize", a.normalize);
  v.on("box_size_scale", a.box_size_scale);
  v.on("box_coordinate_scale", a.box_coordinate_scale);
  v.on("framework", a.framework);
}

bool is_tensorflow(const Proposal& a) { return a.framework == "tensorflow"; }

void infer(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_rank(0, 4, 4);
  c.expect_rank(1, 4, 4);
  c.expect_rank(2, 1, 1);
  const Proposal& a = c.attrs<Proposal>();
  if (a.post_nms_topn < 0 || a.pre_nms_topn < 0)
    c.fail("post_nms_topn {} and pre_nms_topn {} must not be negative", a.post_nms_topn,
           a.pre_nms_topn);
  const element::Type type = c.common_type(0, 3);
  const Dimension images = c.shape(0).rank_is_static()   ? c.shape(0)[0]
                           : c.shape(1).rank_is_static() ? c.shape(1)[0]
                                                         : Dimension();
  const Dimension count = images * Dimension(a.post_nms_topn);
  c.set_output(0, type, PartialShape{count, Dimension(5)});
  if (c.version() >= 4) c.set_output(1, type, PartialShape{count});
}

std::vector<Box> make_anchors(const Proposal& a) {
  const float offset = is_tensorflow(a) ? 0.0f : 1.0f, base = float(a.base_size);
  const float centre = 0.5f * (base - offset) - (is_tensorflow(a) ? 0.5f * base : 0.0f);
  std::vector<Box> out;
  for (double r : a.ratio) {
    float w = std::sqrt(base * base / float(r)), h = w * float(r);
    if (!is_tensorflow(a)) {
      w = std::round(w);
      h = std::round(w * float(r));
    }
    for (double s : a.scale) {
      const float half_w = 0.5f * (w * float(s) - offset), half_h = 0.5f * (h * float(s) - offset);
      out.push_back({centre - half_w, centre - half_h, centre + half_w, centre + half_h});
    }
  }
  return out;
}

struct Image {
  float height, width, min_height, min_width;
};

// Boxes of one batch item: probabilities [2A, H, W] (the second half are objects), deltas [4A, H,
// W].
std::vector<ScoredBox> candidates(const Proposal& a, const Image& image,
                                  const std::vector<Box>& anchors, const float* scores,
                                  const float* deltas, size_t height, size_t width) {
  const float offset = is_tensorflow(a) ? 0.0f : 1.0f, stride = float(a.feat_stride);
  const float place = float(a.box_coordinate_scale), size = float(a.box_size_scale);
  const size_t area = height * width;
  std::vector<ScoredBox> out;
  for (size_t h = 0; h < height; ++h)
    for (size_t w = 0; w < width; ++w)
      for (size_t k = 0; k < anchors.size(); ++k) {
        const float x = float(is_tensorflow(a) ? h : w) * stride,
                    y = float(is_tensorflow(a) ? w : h) * stride;
        const float* d = deltas + k * 4 * area + h * width + w;
        Box anchor{x + anchors[k].x1, y + anchors[k].y1, x + anchors[k].x2, y + anchors[k].y2};
        if (is_tensorflow(a)) anchor = clip_to(anchor, image.width, image.height);
        Box b = refine(anchor, d[0] / place, d[area] / place, d[2 * area] / size,
                       d[3 * area] / size, offset);
        if (a.clip_before_nms) b = clip_to(b, image.width - offset, image.height - offset);
        const bool large =
            image.min_width <= b.x2 - b.x1 + offset && image.min_height <= b.y2 - b.y1 + offset;
        out.push_back({b, large ? scores[(anchors.size() + k) * area + h * width + w] : 0.0f});
      }
  return out;
}

void evaluate(EvalContext& c) {
  const Proposal& a = c.attrs<Proposal>();
  const Shape& shape = c.shape(0);
  const std::vector<Box> anchors = make_anchors(a);
  if (shape[1] != anchors.size() * 2 ||
      c.shape(1) != Shape{shape[0], anchors.size() * 4, shape[2], shape[3]})
    c.fail("scores of shape {} and deltas of shape {} do not fit {} anchors", shape.to_string(),
           c.shape(1).to_string(), anchors.size());
  const std::vector<float> scores = load_floats(c.input(0)), deltas = load_floats(c.input(1)),
                           info = load_floats(c.input(2));
  if (info.size() < 3) c.fail("the image's size has {} numbers, 3 or 4 are needed", info.size());
  const float scale_w = info.size() > 3 ? info[3] : info[2];
  const Image image{info[0], info[1], float(a.min_size) * info[2], float(a.min_size) * scale_w};
  const size_t area = shape[2] * shape[3], most = size_t(a.post_nms_topn);
  std::vector<float> rois(shape[0] * most * 5, 0.0f), probabilities(shape[0] * most, 0.0f);
  for (size_t n = 0; n < shape[0]; ++n) {
    std::vector<ScoredBox> boxes =
        candidates(a, image, anchors, scores.data() + n * shape[1] * area,
                   deltas.data() + n * anchors.size() * 4 * area, shape[2], shape[3]);
    sort_best(boxes, a.pre_nms_topn);
    size_t row = n * most;
    const std::vector<size_t> kept =
        keep_apart(boxes, float(a.nms_thresh), a.post_nms_topn, is_tensorflow(a) ? 0.0f : 1.0f);
    for (size_t k : kept) {
      Box b = boxes[k].box;
      if (a.clip_after_nms) b = clip_to(b, image.width, image.height);
      if (a.normalize)
        b = {b.x1 / image.width, b.y1 / image.height, b.x2 / image.width, b.y2 / image.height};
      const float numbers[] = {float(n), b.x1, b.y1, b.x2, b.y2};
      std::copy(numbers, numbers + 5, rois.begin() + int64_t(row * 5));
      probabilities[row++] = boxes[k].score;
    }
    // The rest is zero behind a row that starts with -1.
    if (kept.size() < most) rois[row * 5] = -1;
  }
  store_floats(c.output(0), rois);
  if (c.version() >= 4) store_floats(c.output(1), probabilities);
}

}  // namespace

VIREO_DEFINE_OP(proposal_1){"Proposal", 1,        &kAttrType<Proposal>,
                            infer,      evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(proposal_4){"Proposal", 4,        &kAttrType<Proposal>,
                            infer,      evaluate, Tolerance::Rounding};

}  // namespace vireo::ops
