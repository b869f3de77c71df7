// The ExperimentalDetectron operators beside proposals: prior grids, feature extraction, the best
// regions, final detections.
#include <algorithm>
#include <cmath>

#include "ops/detection/proposals.h"
#include "ops/detection/roi_sampling.h"

namespace vireo::ops {
namespace {

struct PriorGrid {
  bool flatten = true;
  int64_t h = 0, w = 0;
  double stride_x = 0, stride_y = 0;
};
void visit(AttrVisitor& v, PriorGrid& a) {
  v.on("flatten", a.flatten);
  v.on("h", a.h);
  v.on("w", a.w);
  v.on("stride_x", a.stride_x);
  v.on("stride_y", a.stride_y);
}
struct Extractor {
  int64_t output_size = 1, sampling_ratio = 0;
  std::vector<int64_t> pyramid_scales;
  bool aligned = false;
};
void visit(AttrVisitor& v, Extractor& a) {
  v.on("output_size", a.output_size);
  v.on("sampling_ratio", a.sampling_ratio);
  v.on("pyramid_scales", a.pyramid_scales);
  v.on("aligned", a.aligned);
}
struct TopKRois {
  int64_t max_rois = 0;
};
void visit(AttrVisitor& v, TopKRois& a) { v.on("max_rois", a.max_rois); }
struct Detections {
  double score_threshold = 0, nms_threshold = 0, max_delta_log_wh = 0;
  int64_t num_classes = 0, post_nms_count = 0, max_detections_per_image = 0;
  bool class_agnostic_box_regression = false;
  std::vector<double> deltas_weights;
};
void visit(AttrVisitor& v, Detections& a) {
  v.on("score_threshold", a.score_threshold);
  v.on("nms_threshold", a.nms_threshold);
  v.on("max_delta_log_wh", a.max_delta_log_wh);
  v.on("num_classes", a.num_classes);
  v.on("post_nms_count", a.post_nms_count);
  v.on("max_detections_per_image", a.max_detections_per_image);
  v.on("class_agnostic_box_regression", a.class_agnostic_box_regression);
  v.on("deltas_weights", a.deltas_weights);
}

void infer_grid(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_rank(0, 2, 2);
  c.expect_rank(1, 4, 4);
  c.expect_rank(2, 4, 4);
  const PriorGrid& a = c.attrs<PriorGrid>();
  if (a.h < 0 || a.w < 0) c.fail("h {} and w {} must not be negative", a.h, a.w);
  const auto extent = [&](int64_t given, size_t axis) {
    return given > 0                     ? Dimension(given)
           : c.shape(1).rank_is_static() ? c.shape(1)[axis]
                                         : Dimension();
  };
  const Dimension height = extent(a.h, 2), width = extent(a.w, 3),
                  priors = c.shape(0).rank_is_static() ? c.shape(0)[0] : Dimension();
  if (c.shape(0).rank_is_static() && !c.shape(0)[1].compatible(Dimension(4)))
    c.fail("priors have {} numbers each, 4 are needed", c.shape(0)[1].to_string());
  c.set_output(0, c.type(0),
               a.flatten ? PartialShape{height * width * priors, Dimension(4)}
                         : PartialShape{height, width, priors, Dimension(4)});
}

void evaluate_grid(EvalContext& c) {
  const PriorGrid& a = c.attrs<PriorGrid>();
  const std::vector<float> priors = load_floats(c.input(0));
  const size_t height = a.h > 0 ? size_t(a.h) : c.shape(1)[2],
               width = a.w > 0 ? size_t(a.w) : c.shape(1)[3];
  const float step_x = a.stride_x != 0 ? float(a.stride_x) : float(c.shape(2)[3]) / float(width);
  const float step_y = a.stride_y != 0 ? float(a.stride_y) : float(c.shape(2)[2]) / float(height);
  std::vector<float> out;
  for (size_t h = 0; h < height; ++h)
    for (size_t w = 0; w < width; ++w)
      for (size_t i = 0; i < priors.size(); ++i)
        out.push_back(priors[i] +
                      (i % 2 == 0 ? step_x * (float(w) + 0.5f) : step_y * (float(h) + 0.5f)));
  store_floats(c.output(0), out);
}

void infer_extractor(InferContext& c) {
  c.expect_inputs(2, SIZE_MAX);
  const Extractor& a = c.attrs<Extractor>();
  if (a.output_size < 1 || a.sampling_ratio < 0)
    c.fail("output_size {} and sampling_ratio {} are out of range", a.output_size,
           a.sampling_ratio);
  if (a.pyramid_scales.size() < c.inputs() - 1)
    c.fail("{} pyramid_scales for {} maps", a.pyramid_scales.size(), c.inputs() - 1);
  c.expect_rank(0, 2, 2);
  Dimension channels;
  for (size_t i = 1; i < c.inputs(); ++i) {
    c.expect_rank(i, 4, 4);
    if (c.shape(i).rank_is_static() && !Dimension::merge(channels, channels, c.shape(i)[1]))
      c.fail("maps differ in channels: {} and {}", channels.to_string(), c.shape(i)[1].to_string());
    if (a.pyramid_scales[i - 1] <= 0)
      c.fail("pyramid scale {} must be positive", a.pyramid_scales[i - 1]);
  }
  const Dimension count = c.shape(0).rank_is_static() ? c.shape(0)[0] : Dimension();
  const element::Type type = c.common_type(0, c.inputs());
  c.set_output(0, type,
               PartialShape{count, channels, Dimension(a.output_size), Dimension(a.output_size)});
  c.set_output(1, type, PartialShape{count, Dimension(4)});
}

// Larger regions are read from coarser maps; a region of 224 x 224 from the third. Empty ones from
// none.
size_t level_of(const Box& b, size_t levels) {
  const float area = b.area();
  if (!(area > 0)) return levels;
  const float level = std::floor(std::log2(std::sqrt(area) / 224.0f + 1e-6f) + 2);
  return size_t(std::clamp(level, 0.0f, float(levels - 1)));
}

void evaluate_extractor(EvalContext& c) {
  const Extractor& a = c.attrs<Extractor>();
  const std::vector<float> rois = load_floats(c.input(0));
  Tensor& out = c.output(0);
  const size_t levels = c.inputs() - 1,
               each = out.get_shape()[1] * size_t(a.output_size * a.output_size);
  std::vector<std::vector<float>> maps;
  for (size_t i = 1; i < c.inputs(); ++i) maps.push_back(load_floats(c.input(i)));
  std::vector<float> result(out.get_size(), 0.0f);
  for (size_t r = 0; r < c.shape(0)[0]; ++r) {
    const Box b = box_at(rois, r);
    const size_t level = level_of(b, levels);
    if (level == levels) continue;
    const Shape& shape = c.shape(level + 1);
    if (shape[2] * shape[3] == 0) continue;
    const float scale = 1.0f / float(a.pyramid_scales[level]), offset = a.aligned ? 0.5f : 0.0f;
    const float x = b.x1 * scale - offset, y = b.y1 * scale - offset;
    const float width = b.x2 * scale - offset - x, height = b.y2 * scale - offset - y;
    const SampleSpace space{x, y, std::max(width, 1.0f), std::max(height, 1.0f)};
    pool_region(maps[level].data(), shape[1], shape[2], shape[3], space,
                {a.output_size, a.output_size, a.sampling_ratio}, result.data() + r * each);
  }
  store_floats(out, result);
  c.set_output(1, c.input(0));
}

void infer_topk(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(0, 2, 2);
  c.expect_rank(1, 1, 1);
  if (c.attrs<TopKRois>().max_rois < 0)
    c.fail("max_rois is {}, below 0", c.attrs<TopKRois>().max_rois);
  c.set_output(0, c.common_type(0, 2),
               PartialShape{Dimension(c.attrs<TopKRois>().max_rois), Dimension(4)});
}

void evaluate_topk(EvalContext& c) {
  const std::vector<float> rois = load_floats(c.input(0)), scores = load_floats(c.input(1));
  if (rois.size() != scores.size() * 4)
    c.fail("{} scores for regions of shape {}", scores.size(), c.shape(0).to_string());
  std::vector<ScoredBox> boxes;
  for (size_t i = 0; i < scores.size(); ++i) boxes.push_back({box_at(rois, i), scores[i]});
  Tensor& out = c.output(0);
  sort_best(boxes, int64_t(out.get_shape()[0]));
  std::vector<float> result;
  for (const ScoredBox& b : boxes)
    result.insert(result.end(), {b.box.x1, b.box.y1, b.box.x2, b.box.y2});
  result.resize(out.get_size(), 0.0f);
  store_floats(out, result);
}

void infer_detections(InferContext& c) {
  c.expect_inputs(4, 4);
  const Detections& a = c.attrs<Detections>();
  if (a.num_classes < 1 || a.max_detections_per_image < 0)
    c.fail("num_classes {} and max_detections_per_image {} are out of range", a.num_classes,
           a.max_detections_per_image);
  if (a.deltas_weights.size() != 4)
    c.fail("{} deltas_weights, 4 are needed", a.deltas_weights.size());
  for (size_t i = 0; i < 4; ++i) c.expect_rank(i, 2, 2);
  const element::Type type = c.common_type(0, 4);
  const Dimension count(a.max_detections_per_image);
  c.set_output(0, type, PartialShape{count, Dimension(4)});
  c.set_output(1, element::i32, PartialShape{count});
  c.set_output(2, type, PartialShape{count});
}

struct Found {
  float score;
  int64_t label;
  size_t roi;
  Box box;
};

std::vector<Found> class_detections(const Detections& a, const std::vector<float>& rois,
                                    const std::vector<float>& deltas,
                                    const std::vector<float>& scores, int64_t label) {
  const size_t count = rois.size() / 4, classes = size_t(a.num_classes);
  const float widest = float(a.max_delta_log_wh);
  std::vector<ScoredBox> boxes;
  std::vector<size_t> from;
  for (size_t r = 0; r < count; ++r) {
    const Box roi = box_at(rois, r);
    const float score = scores[r * classes + size_t(label)];
    if (!(roi.x2 - roi.x1 > 0) || !(roi.y2 - roi.y1 > 0) || !(score > float(a.score_threshold)))
      continue;
    const float* d = deltas.data() + (r * classes + size_t(label)) * 4;
    float w[4];
    for (size_t i = 0; i < 4; ++i) w[i] = d[i] / float(a.deltas_weights[i]);
    Box b = refine(roi, w[0], w[1], std::min(w[2], widest), std::min(w[3], widest), 1.0f);
    b = {std::max(b.x1, 0.0f), std::max(b.y1, 0.0f), std::max(b.x2 - 1, 0.0f),
         std::max(b.y2 - 1, 0.0f)};
    boxes.push_back({b, score});
    from.push_back(r);
  }
  std::vector<size_t> order(boxes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t x, size_t y) { return boxes[x].score > boxes[y].score; });
  std::vector<ScoredBox> sorted;
  for (size_t i : order) sorted.push_back(boxes[i]);
  std::vector<Found> out;
  const int64_t most = a.post_nms_count < 0 ? int64_t(count) : a.post_nms_count;
  for (size_t k : keep_apart(sorted, float(a.nms_threshold), most, 1.0f))
    out.push_back({sorted[k].score, label, from[order[k]], sorted[k].box});
  return out;
}

void evaluate_detections(EvalContext& c) {
  const Detections& a = c.attrs<Detections>();
  const std::vector<float> rois = load_floats(c.input(0)), deltas = load_floats(c.input(1)),
                           scores = load_floats(c.input(2));
  const size_t count = rois.size() / 4, most = size_t(a.max_detections_per_image);
  if (deltas.size() != count * size_t(a.num_classes) * 4 ||
      scores.size() != count * size_t(a.num_classes))
    c.fail("deltas of shape {} and scores of shape {} do not fit {} regions",
           c.shape(1).to_string(), c.shape(2).to_string(), count);
  std::vector<Found> all;
  for (int64_t label = 1; label < a.num_classes; ++label) {
    const std::vector<Found> some = class_detections(a, rois, deltas, scores, label);
    all.insert(all.end(), some.begin(), some.end());
  }
  if (all.size() > most) {
    std::stable_sort(all.begin(), all.end(), [](const Found& x, const Found& y) {
      return x.score != y.score ? x.score > y.score : x.roi < y.roi;
    });
    all.resize(most);
  }
  std::vector<float> boxes, found;
  std::vector<int64_t> labels;
  for (const Found& f : all) {
    boxes.insert(boxes.end(), {f.box.x1, f.box.y1, f.box.x2, f.box.y2});
    found.push_back(f.score);
    labels.push_back(f.label);
  }
  boxes.resize(most * 4, 0.0f);
  found.resize(most, 0.0f);
  labels.resize(most, 0);
  store_floats(c.output(0), boxes);
  store(c.output(1), labels);
  store_floats(c.output(2), found);
}

}  // namespace

VIREO_DEFINE_OP(experimental_detectron_prior_grid_generator_6){
    "ExperimentalDetectronPriorGridGenerator",
    6,
    &kAttrType<PriorGrid>,
    infer_grid,
    evaluate_grid,
    Tolerance::Rounding};
VIREO_DEFINE_OP(experimental_detectron_roi_feature_extractor_6){
    "ExperimentalDetectronROIFeatureExtractor",
    6,
    &kAttrType<Extractor>,
    infer_extractor,
    evaluate_extractor,
    Tolerance::Accumulate};
VIREO_DEFINE_OP(experimental_detectron_topk_rois_6){
    "ExperimentalDetectronTopKROIs", 6, &kAttrType<TopKRois>, infer_topk, evaluate_topk};
VIREO_DEFINE_OP(experimental_detectron_detection_output_6){"ExperimentalDetectronDetectionOutput",
                                                           6,
                                                           &kAttrType<Detections>,
                                                           infer_detections,
                                                           evaluate_detections,
                                                           Tolerance::Rounding};

}  // namespace vireo::ops
