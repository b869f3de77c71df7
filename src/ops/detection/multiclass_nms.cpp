// MulticlassNms and MatrixNms: suppression for every class of every image with one list of
// detections as the result.
#include <algorithm>
#include <cmath>

#include "ops/detection/class_nms.h"

namespace vireo::ops {
namespace {

constexpr const char* kSorts[] = {"classid", "score", "none"};
constexpr const char* kDecays[] = {"linear", "gaussian"};
enum class Decay { Linear, Gaussian };

struct MulticlassNms : ClassNms {};
void visit(AttrVisitor& v, MulticlassNms& a) {
  v.on("sort_result_type", a.sort_result_type, kSorts);
  v.on("output_type", a.output_type);
  v.on("nms_top_k", a.nms_top_k);
  v.on("keep_top_k", a.keep_top_k);
  v.on("sort_result_across_batch", a.sort_result_across_batch);
  v.on("iou_threshold", a.iou_threshold);
  v.on("score_threshold", a.score_threshold);
  v.on("background_class", a.background_class);
  v.on("nms_eta", a.nms_eta);
  v.on("normalized", a.normalized);
}
struct MatrixNms : ClassNms {};
void visit(AttrVisitor& v, MatrixNms& a) {
  Decay decay = a.gaussian ? Decay::Gaussian : Decay::Linear;
  v.on("sort_result_type", a.sort_result_type, kSorts);
  v.on("output_type", a.output_type);
  v.on("nms_top_k", a.nms_top_k);
  v.on("keep_top_k", a.keep_top_k);
  v.on("sort_result_across_batch", a.sort_result_across_batch);
  v.on("score_threshold", a.score_threshold);
  v.on("background_class", a.background_class);
  v.on("decay_function", decay, kDecays);
  v.on("gaussian_sigma", a.gaussian_sigma);
  v.on("post_threshold", a.post_threshold);
  v.on("normalized", a.normalized);
  a.gaussian = decay == Decay::Gaussian;
}

void infer_multiclass(InferContext& c) {
  c.expect_inputs(2, c.version() >= 9 ? 3 : 2);
  infer_class_nms(c, c.attrs<MulticlassNms>());
}
void infer_matrix(InferContext& c) {
  c.expect_inputs(2, 2);
  infer_class_nms(c, c.attrs<MatrixNms>());
}

// One class of one image: its boxes and scores, and where they lie in the inputs.
struct ClassView {
  std::vector<Box> boxes;
  std::vector<Candidate> candidates;
};

template <typename Passes>
std::vector<Candidate> best_candidates(const std::vector<Candidate>& all, int64_t top,
                                       Passes&& passes) {
  std::vector<Candidate> out;
  for (const Candidate& x : all)
    if (passes(x.score)) out.push_back(x);
  std::sort(out.begin(), out.end(), better);
  if (top > -1 && size_t(top) < out.size()) out.resize(size_t(top));
  return out;
}

std::vector<Detection> greedy(const ClassView& view, const ClassNms& a) {
  float threshold = float(a.iou_threshold);
  const float lowest = float(a.score_threshold), offset = a.normalized ? 0.0f : 1.0f;
  std::vector<Detection> kept;
  for (const Candidate& x :
       best_candidates(view.candidates, a.nms_top_k, [&](float s) { return s >= lowest; })) {
    const Box& box = view.boxes[size_t(x.index)];
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](const Detection& k) {
      return overlap(box, k.box, offset) >= threshold;
    });
    if (hidden) continue;
    if (a.nms_eta < 1 && threshold > 0.5f) threshold *= float(a.nms_eta);
    kept.push_back({x, box, 0});
  }
  return kept;
}

// Scores fall by the overlap with every better box, set against how much that box is itself
// overlapped.
std::vector<Detection> decayed(const ClassView& view, const ClassNms& a) {
  const float lowest = float(a.score_threshold), offset = a.normalized ? 0.0f : 1.0f,
              sigma = float(a.gaussian_sigma);
  const std::vector<Candidate> all =
      best_candidates(view.candidates, a.nms_top_k, [&](float s) { return s > lowest; });
  std::vector<float> most(all.size(), 0.0f);
  std::vector<Detection> kept;
  for (size_t i = 0; i < all.size(); ++i) {
    const Box& box = view.boxes[size_t(all[i].index)];
    float decay = 1;
    for (size_t j = 0; j < i; ++j) {
      const float iou = overlap(box, view.boxes[size_t(all[j].index)], offset);
      most[i] = std::max(most[i], iou);
      decay = std::min(decay, a.gaussian ? std::exp((most[j] * most[j] - iou * iou) * sigma)
                                         : float((1. - iou) / (1. - most[j] + 1e-10f)));
    }
    Candidate x = all[i];
    x.score *= decay;
    if (x.score > float(a.post_threshold)) kept.push_back({x, box, 0});
  }
  return kept;
}

using Suppress = std::vector<Detection> (*)(const ClassView&, const ClassNms&);

// Boxes [N, M, 4] that all classes share, with scores [N, C, M].
void evaluate_shared(EvalContext& c, const ClassNms& a, Suppress suppress) {
  const Shape& shape = c.shape(1);
  const std::vector<float> numbers = load_floats(c.input(0)), scores = load_floats(c.input(1));
  std::vector<Detection> all;
  std::vector<int64_t> per_image;
  for (size_t n = 0; n < shape[0]; ++n) {
    ClassView view;
    for (size_t i = 0; i < shape[2]; ++i) view.boxes.push_back(box_at(numbers, n * shape[2] + i));
    std::vector<Detection> image;
    for (size_t label = 0; label < shape[1]; ++label) {
      if (int64_t(label) == a.background_class) continue;
      view.candidates.clear();
      for (size_t i = 0; i < shape[2]; ++i)
        view.candidates.push_back({scores[(n * shape[1] + label) * shape[2] + i], int64_t(i),
                                   int64_t(n), int64_t(label)});
      for (Detection d : suppress(view, a)) {
        d.row = int64_t(n * shape[2]) + d.what.index;
        image.push_back(d);
      }
    }
    keep_best(image, a.keep_top_k);
    per_image.push_back(int64_t(image.size()));
    all.insert(all.end(), image.begin(), image.end());
  }
  give_detections(c, a, all, per_image);
}

// Boxes [C, M, 4] of each class, M being the boxes of all images one after another, roisnum [N] of
// each.
void evaluate_separate(EvalContext& c, const ClassNms& a, Suppress suppress) {
  const Shape& shape = c.shape(1);
  const std::vector<float> numbers = load_floats(c.input(0)), scores = load_floats(c.input(1));
  const std::vector<int64_t> counts = load<int64_t>(c.input(2));
  std::vector<Detection> all;
  std::vector<int64_t> per_image;
  size_t first = 0;
  for (size_t n = 0; n < counts.size(); ++n) {
    const size_t count = size_t(std::max<int64_t>(counts[n], 0));
    if (count > shape[1] - first) c.fail("roisnum adds up to more than {} boxes", shape[1]);
    std::vector<Detection> image;
    for (size_t label = 0; label < shape[0]; ++label) {
      if (int64_t(label) == a.background_class) continue;
      ClassView view;
      for (size_t i = 0; i < count; ++i) {
        view.boxes.push_back(box_at(numbers, label * shape[1] + first + i));
        view.candidates.push_back(
            {scores[label * shape[1] + first + i], int64_t(i), int64_t(n), int64_t(label)});
      }
      for (Detection d : suppress(view, a)) {
        d.row = (int64_t(first) + d.what.index) * int64_t(shape[0]) + int64_t(label);
        image.push_back(d);
      }
    }
    keep_best(image, a.keep_top_k);
    per_image.push_back(int64_t(image.size()));
    all.insert(all.end(), image.begin(), image.end());
    first += count;
  }
  give_detections(c, a, all, per_image);
}

void evaluate_multiclass(EvalContext& c) {
  if (c.inputs() == 3) return evaluate_separate(c, c.attrs<MulticlassNms>(), greedy);
  evaluate_shared(c, c.attrs<MulticlassNms>(), greedy);
}
void evaluate_matrix(EvalContext& c) { evaluate_shared(c, c.attrs<MatrixNms>(), decayed); }

}  // namespace

VIREO_DEFINE_OP(multiclass_nms_8){"MulticlassNms",           8,
                                  &kAttrType<MulticlassNms>, infer_multiclass,
                                  evaluate_multiclass,       Tolerance::Rounding,
                                  kDataDependentShape};
VIREO_DEFINE_OP(multiclass_nms_9){"MulticlassNms",           9,
                                  &kAttrType<MulticlassNms>, infer_multiclass,
                                  evaluate_multiclass,       Tolerance::Rounding,
                                  kDataDependentShape};
VIREO_DEFINE_OP(matrix_nms_8){"MatrixNms",           8,
                              &kAttrType<MatrixNms>, infer_matrix,
                              evaluate_matrix,       Tolerance::Rounding,
                              kDataDependentShape};

}  // namespace vireo::ops
