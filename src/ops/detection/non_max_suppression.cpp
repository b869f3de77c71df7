// NonMaxSuppression of all opsets and NMSRotated: per class the best boxes, without those that
// overlap a better one.
#include <algorithm>
#include <cmath>
#include <queue>

#include "ops/detection/boxes.h"
#include "ops/detection/rotated.h"

namespace vireo::ops {
namespace {

enum class BoxEncoding { Corner, Center };
constexpr const char* kEncodings[] = {"corner", "center"};

struct Nms1 {
  BoxEncoding box_encoding = BoxEncoding::Corner;
  bool sort_result_descending = true;
};
void visit(AttrVisitor& v, Nms1& a) {
  v.on("box_encoding", a.box_encoding, kEncodings);
  v.on("sort_result_descending", a.sort_result_descending);
}
struct Nms {
  BoxEncoding box_encoding = BoxEncoding::Corner;
  bool sort_result_descending = true;
  element::Type output_type = element::i64;
};
void visit(AttrVisitor& v, Nms& a) {
  v.on("box_encoding", a.box_encoding, kEncodings);
  v.on("sort_result_descending", a.sort_result_descending);
  v.on("output_type", a.output_type);
}
struct NmsRotated {
  bool sort_result_descending = true;
  element::Type output_type = element::i64;
  bool clockwise = true;
};
void visit(AttrVisitor& v, NmsRotated& a) {
  v.on("sort_result_descending", a.sort_result_descending);
  v.on("output_type", a.output_type);
  v.on("clockwise", a.clockwise);
}

void infer_with(InferContext& c, element::Type type, int64_t box_width) {
  check_index_type(c, type, "output_type");
  c.expect_rank(0, 3, 3);
  c.expect_rank(1, 3, 3);
  for (size_t i = 2; i < c.inputs(); ++i) c.expect_rank(i, 0, 1);
  const PartialShape &boxes = c.shape(0), &scores = c.shape(1);
  Dimension most;
  if (boxes.rank_is_static() && !boxes[2].compatible(Dimension(box_width)))
    c.fail("boxes have {} numbers each, {} are needed", boxes[2].to_string(), box_width);
  if (boxes.rank_is_static() && scores.rank_is_static()) {
    if (!boxes[0].compatible(scores[0]))
      c.fail("boxes of shape {} and scores of shape {} differ in batch", boxes.to_string(),
             scores.to_string());
    if (!boxes[1].compatible(scores[2]))
      c.fail("boxes of shape {} and scores of shape {} differ in boxes", boxes.to_string(),
             scores.to_string());
    Dimension each = at_most(scores[2]);
    const auto limit = c.inputs() > 2 ? c.scalar_int(2) : std::nullopt;
    if (limit && *limit >= 0)
      each = Dimension(0, each.bounded() ? std::min(each.max(), *limit) : *limit);
    most = each * scores[0] * scores[1];
  }
  c.set_output(0, type, rows(most, 3));
  if (c.version() < 5) return;
  c.set_output(1, element::f32, rows(most, 3));
  c.set_output(2, type, PartialShape{Dimension(1)});
}

void infer_1(InferContext& c) {
  c.expect_inputs(2, 5);
  infer_with(c, element::i64, 4);
}
void infer(InferContext& c) {
  c.expect_inputs(2, c.version() >= 5 ? 6 : 5);
  infer_with(c, c.attrs<Nms>().output_type, 4);
}
void infer_rotated(InferContext& c) {
  c.expect_inputs(5, 5);
  infer_with(c, c.attrs<NmsRotated>().output_type, 5);
}

Box corners(const float* p, BoxEncoding encoding) {
  if (encoding == BoxEncoding::Center)
    return {p[0] - p[2] / 2, p[1] - p[3] / 2, p[0] + p[2] / 2, p[1] + p[3] / 2};
  return {std::min(p[0], p[2]), std::min(p[1], p[3]), std::max(p[0], p[2]), std::max(p[1], p[3])};
}

struct Limits {
  size_t most = SIZE_MAX;
  float overlap = 0, score = 0, sigma = 0;
};

Limits limits_of(EvalContext& c) {
  Limits l;
  const auto number = [&](size_t i) { return float(load<double>(c.input(i)).at(0)); };
  if (c.inputs() > 2) l.most = size_t(std::max<int64_t>(load<int64_t>(c.input(2)).at(0), 0));
  if (c.inputs() > 3) l.overlap = number(3);
  if (c.inputs() > 4) l.score = number(4);
  if (c.inputs() > 5) l.sigma = number(5);
  return l;
}

// Soft suppression (sigma over 0) drops nothing at once: it lowers a score by what it overlaps and
// puts the box back in line.
template <typename Overlap>
std::vector<Candidate> suppress(const std::vector<Candidate>& all, const Limits& l,
                                Overlap&& overlap_of) {
  const float scale = l.sigma > 0 ? -0.5f / l.sigma : 0.0f;
  const auto worse = [](const Candidate& a, const Candidate& b) { return better(b, a); };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(worse)> line(worse, all);
  std::vector<Candidate> kept;
  while (!line.empty() && kept.size() < l.most) {
    Candidate next = line.top();
    line.pop();
    const float score = next.score;
    bool hidden = false;
    for (size_t k = kept.size(); k > next.checked && !hidden; --k) {
      const float iou = overlap_of(next.index, kept[k - 1].index);
      hidden = l.sigma <= 0 && iou >= l.overlap;
      next.score *= std::exp(scale * iou * iou);
      if (next.score <= l.score) break;
    }
    next.checked = kept.size();
    if (hidden) continue;
    if (next.score == score)
      kept.push_back(next);
    else if (next.score > l.score)
      line.push(next);
  }
  return kept;
}

void give(EvalContext& c, std::vector<Candidate>& kept, element::Type type, bool sort_across) {
  if (sort_across)
    std::stable_sort(kept.begin(), kept.end(), [](const Candidate& a, const Candidate& b) {
      if (a.score != b.score) return a.score > b.score;
      if (a.batch != b.batch) return a.batch < b.batch;
      return a.label != b.label ? a.label < b.label : a.index < b.index;
    });
  std::vector<int64_t> indices;
  std::vector<double> scores;
  for (const Candidate& k : kept) {
    indices.insert(indices.end(), {k.batch, k.label, k.index});
    scores.insert(scores.end(), {double(k.batch), double(k.label), double(k.score)});
  }
  store(c.output(0, type, {kept.size(), 3}), indices);
  if (c.version() < 5) return;
  store(c.output(1, element::f32, {kept.size(), 3}), scores);
  store<int64_t>(c.output(2, type, {1}), {int64_t(kept.size())});
}

// Runs suppression for every class of every batch; `overlap_of(batch, i, j)` compares two boxes.
template <typename Overlap>
std::vector<Candidate> suppress_all(EvalContext& c, Overlap&& overlap_of) {
  const Limits l = limits_of(c);
  const Shape& shape = c.shape(1);
  const std::vector<float> scores = load_floats(c.input(1));
  std::vector<Candidate> kept;
  for (size_t b = 0, at = 0; b < shape[0]; ++b)
    for (size_t label = 0; label < shape[1]; ++label) {
      std::vector<Candidate> all;
      for (size_t i = 0; i < shape[2]; ++i, ++at)
        if (scores[at] > l.score)
          all.push_back({scores[at], int64_t(i), int64_t(b), int64_t(label)});
      const std::vector<Candidate> some = suppress(
          all, l, [&](int64_t i, int64_t j) { return overlap_of(b, size_t(i), size_t(j)); });
      kept.insert(kept.end(), some.begin(), some.end());
    }
  return kept;
}

void evaluate_with(EvalContext& c, BoxEncoding encoding, bool sort, element::Type type) {
  const std::vector<float> numbers = load_floats(c.input(0));
  const size_t count = c.shape(0)[1];
  std::vector<Box> boxes;
  for (size_t i = 0; i + 4 <= numbers.size(); i += 4)
    boxes.push_back(corners(numbers.data() + i, encoding));
  std::vector<Candidate> kept = suppress_all(c, [&](size_t b, size_t i, size_t j) {
    return overlap(boxes[b * count + i], boxes[b * count + j]);
  });
  give(c, kept, type, sort);
}

void evaluate_1(EvalContext& c) {
  const Nms1& a = c.attrs<Nms1>();
  evaluate_with(c, a.box_encoding, a.sort_result_descending, element::i64);
}
void evaluate(EvalContext& c) {
  const Nms& a = c.attrs<Nms>();
  evaluate_with(c, a.box_encoding, a.sort_result_descending, a.output_type);
}

void evaluate_rotated(EvalContext& c) {
  const NmsRotated& a = c.attrs<NmsRotated>();
  const std::vector<float> numbers = load_floats(c.input(0));
  const size_t count = c.shape(0)[1];
  const auto box = [&](size_t b, size_t i) {
    const float* p = numbers.data() + (b * count + i) * 5;
    return RotatedBox{p[0], p[1], p[2], p[3], a.clockwise ? p[4] : -p[4]};
  };
  std::vector<Candidate> kept =
      suppress_all(c, [&](size_t b, size_t i, size_t j) { return overlap(box(b, i), box(b, j)); });
  give(c, kept, a.output_type, a.sort_result_descending);
}

}  // namespace

VIREO_DEFINE_OP(non_max_suppression_1){
    "NonMaxSuppression", 1, &kAttrType<Nms1>, infer_1, evaluate_1, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(non_max_suppression_3){
    "NonMaxSuppression", 3, &kAttrType<Nms>, infer, evaluate, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(non_max_suppression_4){
    "NonMaxSuppression", 4, &kAttrType<Nms>, infer, evaluate, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(non_max_suppression_5){
    "NonMaxSuppression", 5, &kAttrType<Nms>, infer, evaluate, Tolerance::Rounding,
    kDataDependentShape};
VIREO_DEFINE_OP(non_max_suppression_9){
    "NonMaxSuppression", 9, &kAttrType<Nms>, infer, evaluate, Tolerance::Rounding,
    kDataDependentShape};
VIREO_DEFINE_OP(nms_rotated_13){"NMSRotated",           13,
                                &kAttrType<NmsRotated>, infer_rotated,
                                evaluate_rotated,       Tolerance::Rounding,
                                kDataDependentShape};

}  // namespace vireo::ops
