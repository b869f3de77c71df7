// What MulticlassNms and MatrixNms share: attributes, the order of results, and how they are
// written.
#pragma once

#include "ops/detection/boxes.h"

namespace vireo::ops {

enum class SortResult { ClassId, Score, None };

struct ClassNms {
  SortResult sort_result_type = SortResult::None;
  bool sort_result_across_batch = false;
  element::Type output_type = element::i64;
  double iou_threshold = 0;  // MulticlassNms
  double score_threshold = 0;
  int64_t nms_top_k = -1, keep_top_k = -1, background_class = -1;
  double nms_eta = 1;     // MulticlassNms
  bool gaussian = false;  // MatrixNms
  double gaussian_sigma = 2, post_threshold = 0;
  bool normalized = true;
};

struct Detection {
  Candidate what;
  Box box;
  int64_t row;  // what the second output says
};

// The best of one image, best first, cut to keep_top_k.
void keep_best(std::vector<Detection>& image, int64_t keep_top_k);
void sort_detections(std::vector<Detection>& all, const ClassNms& a);
void infer_class_nms(InferContext& c, const ClassNms& a);
void give_detections(EvalContext& c, const ClassNms& a, std::vector<Detection>& all,
                     const std::vector<int64_t>& per_image);

}  // namespace vireo::ops
