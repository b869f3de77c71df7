// Region proposals: anchors moved by predicted deltas, thinned by overlap.
#pragma once

#include "ops/detection/boxes.h"

namespace vireo::ops {

struct ScoredBox {
  Box box;
  float score;
  bool alive = true;
};

// An anchor moved by (dx, dy) of its size and scaled by exp(dw), exp(dh); `offset` as in overlap().
Box refine(const Box& anchor, float dx, float dy, float dw, float dh, float offset);
Box clip_to(const Box& b, float width, float height);

// The first `keep` boxes by score, best first; equal scores keep their order.
void sort_best(std::vector<ScoredBox>& boxes, int64_t keep);
// Indices of living boxes that no better kept box covers by more than the threshold; at most
// `most`.
std::vector<size_t> keep_apart(const std::vector<ScoredBox>& boxes, float threshold, int64_t most,
                               float offset);

}  // namespace vireo::ops
