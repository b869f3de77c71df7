// GenerateProposals and ExperimentalDetectronGenerateProposalsSingleImage: proposals from anchors
// that come as an input.
#include <algorithm>
#include <cmath>

#include "ops/detection/proposals.h"

namespace vireo::ops {
namespace {

struct GenerateProposals {
  double min_size = 0, nms_threshold = 0;
  int64_t pre_nms_count = 0, post_nms_count = 0;
  bool normalized = true;
  double nms_eta = 1;
  element::Type roi_num_type = element::i64;
};
void visit(AttrVisitor& v, GenerateProposals& a) {
  v.on("min_size", a.min_size);
  v.on("nms_threshold", a.nms_threshold);
  v.on("post_nms_count", a.post_nms_count);
  v.on("pre_nms_count", a.pre_nms_count);
  v.on("normalized", a.normalized);
  v.on("nms_eta", a.nms_eta);
  v.on("roi_num_type", a.roi_num_type);
}
struct SingleImage : GenerateProposals {};
void visit(AttrVisitor& v, SingleImage& a) {
  v.on("min_size", a.min_size);
  v.on("nms_threshold", a.nms_threshold);
  v.on("post_nms_count", a.post_nms_count);
  v.on("pre_nms_count", a.pre_nms_count);
}

void check_counts(InferContext& c, const GenerateProposals& a) {
  if (a.pre_nms_count < 0 || a.post_nms_count < 0)
    c.fail("pre_nms_count {} and post_nms_count {} must not be negative", a.pre_nms_count,
           a.post_nms_count);
}

void infer(InferContext& c) {
  c.expect_inputs(4, 4);
  const GenerateProposals& a = c.attrs<GenerateProposals>();
  check_counts(c, a);
  check_index_type(c, a.roi_num_type, "roi_num_type");
  c.expect_rank(0, 2, 2);
  c.expect_rank(1, 4, 4);
  c.expect_rank(2, 4, 4);
  c.expect_rank(3, 4, 4);
  const element::Type type = c.common_type(0, 4);
  const Dimension images = c.shape(0).rank_is_static()   ? c.shape(0)[0]
                           : c.shape(3).rank_is_static() ? c.shape(3)[0]
                                                         : Dimension();
  const Dimension most = images * Dimension(a.post_nms_count);
  c.set_output(0, type, rows(most, 4));
  c.set_output(1, type, PartialShape{at_most(most)});
  c.set_output(2, a.roi_num_type, PartialShape{images});
}

void infer_single(InferContext& c) {
  c.expect_inputs(4, 4);
  const GenerateProposals& a = c.attrs<SingleImage>();
  check_counts(c, a);
  c.expect_rank(0, 1, 1);
  c.expect_rank(1, 2, 2);
  c.expect_rank(2, 3, 3);
  c.expect_rank(3, 3, 3);
  const element::Type type = c.common_type(0, 4);
  c.set_output(0, type, PartialShape{Dimension(a.post_nms_count), Dimension(4)});
  c.set_output(1, type, PartialShape{Dimension(a.post_nms_count)});
}

struct Maps {
  size_t anchors, height, width;
  const std::vector<float>& boxes;  // [H, W, A, 4]
};

// The kept boxes of one image, best first.
std::vector<ScoredBox> propose(const GenerateProposals& a, const Maps& m, const float* deltas,
                               const float* scores, float image_h, float image_w, float min_h,
                               float min_w, float offset, float overlap_offset, bool drop_small) {
  const float widest = float(std::log(1000. / 16.));
  const size_t area = m.height * m.width;
  std::vector<ScoredBox> boxes;
  for (size_t at = 0; at < area; ++at)
    for (size_t k = 0; k < m.anchors; ++k) {
      const float* d = deltas + k * 4 * area + at;
      Box b = refine(box_at(m.boxes, at * m.anchors + k), d[0], d[area],
                     std::min(d[2 * area], widest), std::min(d[3 * area], widest), offset);
      b.x2 -= offset;
      b.y2 -= offset;
      b = clip_to(b, image_w - offset, image_h - offset);
      const bool large = min_w <= b.x2 - b.x1 + offset && min_h <= b.y2 - b.y1 + offset;
      const float score = scores[k * area + at];
      boxes.push_back({b, large || drop_small ? score : 0.0f, large || !drop_small});
    }
  sort_best(boxes, a.pre_nms_count);
  std::vector<ScoredBox> out;
  for (size_t k : keep_apart(boxes, float(a.nms_threshold), a.post_nms_count, overlap_offset))
    out.push_back(boxes[k]);
  return out;
}

void append(const std::vector<ScoredBox>& boxes, std::vector<float>& rois,
            std::vector<float>& scores) {
  for (const ScoredBox& b : boxes) {
    rois.insert(rois.end(), {b.box.x1, b.box.y1, b.box.x2, b.box.y2});
    scores.push_back(b.score);
  }
}

void check_sizes(EvalContext& c, size_t anchors, size_t deltas, size_t scores, const Maps& m,
                 size_t images) {
  const size_t cells = m.anchors * m.height * m.width;
  if (anchors != cells * 4 || deltas != images * cells * 4 || scores != images * cells)
    c.fail("anchors of shape {}, deltas of shape {} and scores of shape {} do not fit",
           c.shape(1).to_string(), c.shape(2).to_string(), c.shape(3).to_string());
}

void evaluate(EvalContext& c) {
  const GenerateProposals& a = c.attrs<GenerateProposals>();
  const Shape& shape = c.shape(3);
  const std::vector<float> info = load_floats(c.input(0)), anchors = load_floats(c.input(1)),
                           deltas = load_floats(c.input(2)), scores = load_floats(c.input(3));
  const Maps m{shape[1], shape[2], shape[3], anchors};
  check_sizes(c, anchors.size(), deltas.size(), scores.size(), m, shape[0]);
  const size_t cells = shape[1] * shape[2] * shape[3], width = c.shape(0)[1];
  if (c.shape(0)[0] != shape[0] || width < 3)
    c.fail("image sizes of shape {} do not fit {} images", c.shape(0).to_string(), shape[0]);
  const float offset = a.normalized ? 0.0f : 1.0f;
  std::vector<float> rois, found;
  std::vector<int64_t> counts;
  for (size_t n = 0; n < shape[0]; ++n) {
    const float* i = info.data() + n * width;
    const float min_h = float(a.min_size) * i[2],
                min_w = float(a.min_size) * (width > 3 ? i[3] : i[2]);
    const auto kept = propose(a, m, deltas.data() + n * cells * 4, scores.data() + n * cells, i[0],
                              i[1], min_h, min_w, offset, offset, true);
    append(kept, rois, found);
    counts.push_back(int64_t(kept.size()));
  }
  const element::Type type = c.input(3).get_element_type();
  store_floats(c.output(0, type, {found.size(), 4}), rois);
  store_floats(c.output(1, type, {found.size()}), found);
  store(c.output(2, a.roi_num_type, {shape[0]}), counts);
}

void evaluate_single(EvalContext& c) {
  const GenerateProposals& a = c.attrs<SingleImage>();
  const Shape& shape = c.shape(3);
  const std::vector<float> info = load_floats(c.input(0)), anchors = load_floats(c.input(1)),
                           deltas = load_floats(c.input(2)), scores = load_floats(c.input(3));
  const Maps m{shape[0], shape[1], shape[2], anchors};
  check_sizes(c, anchors.size(), deltas.size(), scores.size(), m, 1);
  if (info.size() < 2) c.fail("the image's size has {} numbers, 3 are needed", info.size());
  std::vector<float> rois, found;
  append(propose(a, m, deltas.data(), scores.data(), info[0], info[1], float(a.min_size),
                 float(a.min_size), 1.0f, 0.0f, false),
         rois, found);
  rois.resize(size_t(a.post_nms_count) * 4, 0.0f);
  found.resize(size_t(a.post_nms_count), 0.0f);
  store_floats(c.output(0), rois);
  store_floats(c.output(1), found);
}

}  // namespace

VIREO_DEFINE_OP(generate_proposals_9){
    "GenerateProposals", 9, &kAttrType<GenerateProposals>, infer, evaluate, Tolerance::Rounding,
    kDataDependentShape};
VIREO_DEFINE_OP(experimental_detectron_generate_proposals_single_image_6){
    "ExperimentalDetectronGenerateProposalsSingleImage",
    6,
    &kAttrType<SingleImage>,
    infer_single,
    evaluate_single,
    Tolerance::Rounding};

}  // namespace vireo::ops
