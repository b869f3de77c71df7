#include "ops/detection/proposals.h"

#include <algorithm>
#include <cmath>

namespace vireo::ops {

Box refine(const Box& anchor, float dx, float dy, float dw, float dh, float offset) {
  const float width = anchor.x2 - anchor.x1 + offset, height = anchor.y2 - anchor.y1 + offset;
  const float x = dx * width + anchor.x1 + 0.5f * width,
              y = dy * height + anchor.y1 + 0.5f * height;
  const float w = std::exp(dw) * width, h = std::exp(dh) * height;
  return {x - 0.5f * w, y - 0.5f * h, x + 0.5f * w, y + 0.5f * h};
}

Box clip_to(const Box& b, float width, float height) {
  const auto clip = [](float v, float high) { return std::max(0.0f, std::min(v, high)); };
  return {clip(b.x1, width), clip(b.y1, height), clip(b.x2, width), clip(b.y2, height)};
}

void sort_best(std::vector<ScoredBox>& boxes, int64_t keep) {
  std::stable_sort(boxes.begin(), boxes.end(),
                   [](const ScoredBox& a, const ScoredBox& b) { return a.score > b.score; });
  if (keep >= 0 && size_t(keep) < boxes.size()) boxes.resize(size_t(keep));
}

std::vector<size_t> keep_apart(const std::vector<ScoredBox>& boxes, float threshold, int64_t most,
                               float offset) {
  std::vector<size_t> kept;
  for (size_t i = 0; i < boxes.size() && int64_t(kept.size()) < most; ++i) {
    if (!boxes[i].alive) continue;
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](size_t k) {
      const Box &a = boxes[k].box, &b = boxes[i].box;
      const bool touch = a.x1 <= b.x2 && a.y1 <= b.y2 && b.x1 <= a.x2 && b.y1 <= a.y2;
      return touch && overlap(a, b, offset) > threshold;
    });
    if (!hidden) kept.push_back(i);
  }
  return kept;
}

}  // namespace vireo::ops
