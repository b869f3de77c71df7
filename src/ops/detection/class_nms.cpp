#include "ops/detection/class_nms.h"

#include <algorithm>

namespace vireo::ops {

void keep_best(std::vector<Detection>& image, int64_t keep_top_k) {
  std::stable_sort(image.begin(), image.end(), [](const Detection& a, const Detection& b) {
    if (a.what.score != b.what.score) return a.what.score > b.what.score;
    return a.what.label != b.what.label ? a.what.label < b.what.label : a.what.index < b.what.index;
  });
  if (keep_top_k > -1 && size_t(keep_top_k) < image.size()) image.resize(size_t(keep_top_k));
}

void sort_detections(std::vector<Detection>& all, const ClassNms& a) {
  const bool across = a.sort_result_across_batch,
             by_class = a.sort_result_type == SortResult::ClassId;
  if (a.sort_result_type == SortResult::None) return;
  std::stable_sort(all.begin(), all.end(), [&](const Detection& l, const Detection& r) {
    const Candidate &x = l.what, &y = r.what;
    if (!across && x.batch != y.batch) return x.batch < y.batch;
    if (by_class && x.label != y.label) return x.label < y.label;
    if (by_class && x.batch != y.batch) return x.batch < y.batch;
    if (x.score != y.score) return x.score > y.score;
    if (x.batch != y.batch) return x.batch < y.batch;
    return x.label != y.label ? x.label < y.label : x.index < y.index;
  });
}

void infer_class_nms(InferContext& c, const ClassNms& a) {
  check_index_type(c, a.output_type, "output_type");
  c.expect_real(0);
  c.expect_real(1);
  c.expect_rank(0, 3, 3);
  c.expect_rank(1, c.inputs() == 3 ? 2 : 3, c.inputs() == 3 ? 2 : 3);
  const PartialShape &boxes = c.shape(0), &scores = c.shape(1);
  Dimension most, images;
  if (boxes.rank_is_static() && !boxes[2].compatible(Dimension(4)))
    c.fail("boxes have {} numbers each, 4 are needed", boxes[2].to_string());
  if (c.inputs() == 3) {
    c.expect_rank(2, 1, 1);
    if (c.shape(2).rank_is_static()) images = c.shape(2)[0];
    if (boxes.rank_is_static()) most = boxes[0] * boxes[1];
  } else if (boxes.rank_is_static() && scores.rank_is_static()) {
    if (!boxes[0].compatible(scores[0]) || !boxes[1].compatible(scores[2]))
      c.fail("boxes of shape {} and scores of shape {} do not fit", boxes.to_string(),
             scores.to_string());
    images = scores[0];
    const bool cut = a.nms_top_k > -1 && (!scores[2].bounded() || a.nms_top_k < scores[2].max());
    most = at_most(cut ? Dimension(a.nms_top_k) : scores[2]) * scores[1];
    if (a.keep_top_k > -1 && (!most.bounded() || a.keep_top_k < most.max()))
      most = Dimension(0, a.keep_top_k);
    most = most * images;
  }
  const element::Type real = c.type(0);
  c.set_output(0, real, rows(most, 6));
  c.set_output(1, a.output_type, rows(most, 1));
  c.set_output(2, a.output_type, PartialShape{images});
}

void give_detections(EvalContext& c, const ClassNms& a, std::vector<Detection>& all,
                     const std::vector<int64_t>& per_image) {
  sort_detections(all, a);
  std::vector<float> out;
  std::vector<int64_t> index;
  for (const Detection& d : all) {
    out.insert(out.end(),
               {float(d.what.label), d.what.score, d.box.x1, d.box.y1, d.box.x2, d.box.y2});
    index.push_back(d.row);
  }
  store_floats(c.output(0, c.input(0).get_element_type(), {all.size(), 6}), out);
  store(c.output(1, a.output_type, {all.size(), 1}), index);
  store(c.output(2, a.output_type, {per_image.size()}), per_image);
}

}  // namespace vireo::ops
