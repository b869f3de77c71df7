// DetectionOutput: box offsets and class scores over prior boxes become a list of detections, as
// SSD networks end.
#include <algorithm>
#include <cmath>

#include "ops/detection/boxes.h"

namespace vireo::ops {
namespace {

struct DetectionOutput {
  int64_t num_classes = 0;  // opset 1 only
  int64_t background_label_id = 0, top_k = -1;
  bool variance_encoded_in_target = false;
  std::vector<int64_t> keep_top_k = {-1};
  std::string code_type = "caffe.PriorBoxParameter.CORNER";
  bool share_location = true;
  double nms_threshold = 0, confidence_threshold = 0;
  bool clip_after_nms = false, clip_before_nms = false, decrease_label_id = false,
       normalized = false;
  int64_t input_height = 1, input_width = 1;
  double objectness_score = 0;
};
void visit_common(AttrVisitor& v, DetectionOutput& a) {
  v.on("background_label_id", a.background_label_id);
  v.on("top_k", a.top_k);
  v.on("variance_encoded_in_target", a.variance_encoded_in_target);
  v.on("keep_top_k", a.keep_top_k);
  v.on("code_type", a.code_type);
  v.on("share_location", a.share_location);
  v.on("nms_threshold", a.nms_threshold);
  v.on("confidence_threshold", a.confidence_threshold);
  v.on("clip_after_nms", a.clip_after_nms);
  v.on("clip_before_nms", a.clip_before_nms);
  v.on("decrease_label_id", a.decrease_label_id);
  v.on("normalized", a.normalized);
  v.on("input_height", a.input_height);
  v.on("input_width", a.input_width);
  v.on("objectness_score", a.objectness_score);
}
void visit(AttrVisitor& v, DetectionOutput& a) { visit_common(v, a); }
struct DetectionOutput1 : DetectionOutput {};
void visit(AttrVisitor& v, DetectionOutput1& a) {
  v.on("num_classes", a.num_classes);
  visit_common(v, a);
}

template <typename Context>
const DetectionOutput& attrs_of(Context& c) {
  return c.version() == 1
             ? static_cast<const DetectionOutput&>(c.template attrs<DetectionOutput1>())
             : c.template attrs<DetectionOutput>();
}

int64_t prior_width(const DetectionOutput& a) { return a.normalized ? 4 : 5; }
bool is_corner(const DetectionOutput& a) {
  return a.code_type.find("CENTER_SIZE") == std::string::npos;
}

void infer(InferContext& c) {
  c.expect_inputs(3, 5);
  if (c.inputs() == 4) c.fail("4 inputs, 3 or 5 are needed");
  const DetectionOutput& a = attrs_of(c);
  if (a.keep_top_k.empty()) c.fail("keep_top_k is empty");
  c.expect_rank(0, 2, 2);
  c.expect_rank(1, 2, 2);
  c.expect_rank(2, 3, 3);
  Dimension images, priors, classes;
  if (c.shape(0).rank_is_static()) images = c.shape(0)[0];
  if (c.shape(2).rank_is_static()) {
    const Dimension& d = c.shape(2)[2];
    if (d.is_static() && d.get_length() % prior_width(a) != 0)
      c.fail("priors of {} numbers do not make whole boxes of {}", d.get_length(), prior_width(a));
    if (d.is_static()) priors = Dimension(d.get_length() / prior_width(a));
    const int64_t parts = a.variance_encoded_in_target ? 1 : 2;
    if (!c.shape(2)[1].compatible(Dimension(parts)))
      c.fail("priors have shape {}, {} are needed on axis 1", c.shape(2).to_string(), parts);
  }
  if (c.version() == 1) classes = Dimension(a.num_classes);
  if (c.version() == 8 && priors.is_static() && priors.get_length() > 0 &&
      c.shape(1).rank_is_static() && c.shape(1)[1].is_static())
    classes = Dimension(c.shape(1)[1].get_length() / priors.get_length());
  if (classes.is_static() && classes.get_length() < 1)
    c.fail("{} classes, at least 1 is needed", classes.get_length());
  const Dimension each = a.keep_top_k[0] > 0
                             ? Dimension(a.keep_top_k[0])
                             : (a.top_k > 0 ? Dimension(a.top_k) : priors) * classes;
  c.set_output(0, c.type(0), PartialShape{Dimension(1), Dimension(1), images * each, Dimension(7)});
}

// All that one run needs, by image, class and prior.
struct Ssd {
  const DetectionOutput& a;
  size_t images, priors, classes,
      places;  // places: classes with boxes of their own, 1 if they share
  std::vector<float> location, confidence, prior, arm_confidence, arm_location;
  size_t prior_batches;

  float score(size_t n, size_t p, size_t label) const {
    if (!arm_confidence.empty() &&
        arm_confidence[(n * priors + p) * 2 + 1] < float(a.objectness_score))
      return int64_t(label) == a.background_label_id ? 1.0f : 0.0f;
    return confidence[(n * priors + p) * classes + label];
  }

  Box decode(const Box& from, const float* variance, const float* d) const {
    if (is_corner(a))
      return {from.x1 + variance[0] * d[0], from.y1 + variance[1] * d[1],
              from.x2 + variance[2] * d[2], from.y2 + variance[3] * d[3]};
    const float width = from.x2 - from.x1, height = from.y2 - from.y1;
    const float x = variance[0] * d[0] * width + (from.x1 + from.x2) / 2,
                y = variance[1] * d[1] * height + (from.y1 + from.y2) / 2;
    const float w = std::exp(variance[2] * d[2]) * width, h = std::exp(variance[3] * d[3]) * height;
    return {x - w / 2, y - h / 2, x + w / 2, y + h / 2};
  }

  static Box clipped(const Box& b) {
    const auto clip = [](float v) { return std::max(0.0f, std::min(1.0f, v)); };
    return {clip(b.x1), clip(b.y1), clip(b.x2), clip(b.y2)};
  }

  Box box(size_t n, size_t p, size_t place) const {
    const size_t width = size_t(prior_width(a)), parts = a.variance_encoded_in_target ? 1 : 2;
    const float* base = prior.data() + (prior_batches == 1 ? 0 : n) * parts * priors * width;
    const float* q = base + p * width + (a.normalized ? 0 : 1);
    static const float kOnes[] = {1, 1, 1, 1};
    const float* variance = a.variance_encoded_in_target ? kOnes : base + priors * width + p * 4;
    Box from{q[0], q[1], q[2], q[3]};
    const auto scaled = [&](Box b) {
      const float w = float(a.input_width), h = float(a.input_height);
      return a.normalized ? b : Box{b.x1 / w, b.y1 / h, b.x2 / w, b.y2 / h};
    };
    if (!arm_location.empty()) {
      from = decode(scaled(from), variance,
                    arm_location.data() + ((n * priors + p) * places + place) * 4);
      if (a.clip_before_nms) from = clipped(from);
    }
    const Box out =
        decode(scaled(from), variance, location.data() + ((n * priors + p) * places + place) * 4);
    return a.clip_before_nms ? clipped(out) : out;
  }
};

struct Found {
  float score;
  size_t label, prior;
};

bool first(const Found& x, const Found& y) {
  return x.score != y.score ? x.score > y.score : x.prior < y.prior;
}

std::vector<Box> image_boxes(const Ssd& s, size_t n, size_t place) {
  std::vector<Box> out;
  for (size_t p = 0; p < s.priors; ++p) out.push_back(s.box(n, p, place));
  return out;
}

void thin_class(const Ssd& s, std::vector<Found>& line, const std::vector<Box>& boxes,
                std::vector<Found>& out) {
  std::sort(line.begin(), line.end(), first);
  if (s.a.top_k > -1 && size_t(s.a.top_k) < line.size()) line.resize(size_t(s.a.top_k));
  std::vector<size_t> order;
  for (const Found& f : line) order.push_back(f.prior);
  std::vector<size_t> kept = thin(boxes, order, float(s.a.nms_threshold), SIZE_MAX, 0);
  for (const Found& f : line)
    if (std::find(kept.begin(), kept.end(), f.prior) != kept.end()) out.push_back(f);
}

// Every class by itself, as Caffe does it.
std::vector<Found> by_class(const Ssd& s, size_t n) {
  std::vector<Found> out;
  std::vector<Box> boxes;
  for (size_t label = 0; label < s.classes; ++label) {
    if (int64_t(label) == s.a.background_label_id) continue;
    if (!s.a.share_location || boxes.empty())
      boxes = image_boxes(s, n, s.a.share_location ? 0 : label);
    std::vector<Found> line;
    for (size_t p = 0; p < s.priors; ++p)
      if (const float score = s.score(n, p, label); score > float(s.a.confidence_threshold))
        line.push_back({score, label, p});
    thin_class(s, line, boxes, out);
  }
  return out;
}

// Every prior takes its best class first, as MXNet does it.
std::vector<Found> by_prior(const Ssd& s, size_t n) {
  std::vector<Found> line;
  for (size_t p = 0; p < s.priors; ++p) {
    Found best{-1, 0, p};
    for (size_t label = 1; label < s.classes; ++label) {
      if (int64_t(label) == s.a.background_label_id) continue;
      if (const float score = s.score(n, p, label); score > best.score) best = {score, label, p};
    }
    if (best.label > 0 && best.score >= float(s.a.confidence_threshold)) line.push_back(best);
  }
  std::sort(line.begin(), line.end(), first);
  if (s.a.top_k > -1 && size_t(s.a.top_k) < line.size()) line.resize(size_t(s.a.top_k));
  std::vector<Found> out;
  for (size_t label = 1; label < s.classes; ++label) {
    std::vector<Found> own;
    for (const Found& f : line)
      if (f.label == label) own.push_back(f);
    if (!own.empty()) thin_class(s, own, image_boxes(s, n, s.a.share_location ? 0 : label), out);
  }
  return out;
}

void evaluate(EvalContext& c) {
  const DetectionOutput& a = attrs_of(c);
  Tensor& out = c.output(0);
  Ssd s{a,
        c.shape(0)[0],
        c.shape(2)[2] / size_t(prior_width(a)),
        0,
        0,
        load_floats(c.input(0)),
        load_floats(c.input(1)),
        load_floats(c.input(2)),
        {},
        {},
        c.shape(2)[0]};
  if (s.priors == 0) return store_floats(out, std::vector<float>(out.get_size(), 0.0f));
  s.classes = c.version() == 1 ? size_t(a.num_classes) : c.shape(1)[1] / s.priors;
  s.places = a.share_location ? 1 : s.classes;
  if (c.inputs() == 5) {
    s.arm_confidence = load_floats(c.input(3));
    s.arm_location = load_floats(c.input(4));
  }
  if (s.location.size() != s.images * s.priors * s.places * 4 ||
      s.confidence.size() != s.images * s.priors * s.classes)
    c.fail("locations of shape {} and confidences of shape {} do not fit {} priors",
           c.shape(0).to_string(), c.shape(1).to_string(), s.priors);
  std::vector<float> result(out.get_size(), 0.0f);
  size_t row = 0;
  const size_t most = out.get_shape()[2];
  for (size_t n = 0; n < s.images; ++n) {
    std::vector<Found> found = a.decrease_label_id ? by_prior(s, n) : by_class(s, n);
    if (a.keep_top_k[0] > -1 && found.size() > size_t(a.keep_top_k[0])) {
      std::stable_sort(found.begin(), found.end(), first);
      found.resize(size_t(a.keep_top_k[0]));
      std::stable_sort(found.begin(), found.end(),
                       [](const Found& x, const Found& y) { return x.label < y.label; });
    }
    for (const Found& f : found) {
      if (row >= most) break;
      Box b = s.box(n, f.prior, a.share_location ? 0 : f.label);
      if (a.clip_after_nms) b = Ssd::clipped(b);
      const float numbers[] = {
          float(n), float(f.label) - (a.decrease_label_id ? 1.0f : 0.0f), f.score, b.x1, b.y1, b.x2,
          b.y2};
      std::copy(numbers, numbers + 7, result.begin() + int64_t(row++ * 7));
    }
  }
  // The row after the last one found starts with -1.
  if (row < most) result[row * 7] = -1;
  store_floats(out, result);
}

}  // namespace

VIREO_DEFINE_OP(detection_output_1){
    "DetectionOutput", 1, &kAttrType<DetectionOutput1>, infer, evaluate, Tolerance::Rounding};
VIREO_DEFINE_OP(detection_output_8){
    "DetectionOutput", 8, &kAttrType<DetectionOutput>, infer, evaluate, Tolerance::Rounding};

}  // namespace vireo::ops
