#include "ops/detection/boxes.h"

#include <algorithm>

namespace vireo::ops {

std::vector<float> load_floats(const Tensor& tensor) {
  const std::vector<double> values = load<double>(tensor);
  return {values.begin(), values.end()};
}

void store_floats(Tensor& tensor, const std::vector<float>& values) {
  store(tensor, std::vector<double>(values.begin(), values.end()));
}

float overlap(const Box& a, const Box& b, float offset) {
  const float area_a = a.area(offset), area_b = b.area(offset);
  if (!(area_a > 0) || !(area_b > 0)) return 0;
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1) + offset;
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1) + offset;
  if (width <= 0 || height <= 0) return 0;
  return width * height / (area_a + area_b - width * height);
}

bool better(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

std::vector<size_t> thin(const std::vector<Box>& boxes, const std::vector<size_t>& order,
                         float threshold, size_t most, float offset) {
  std::vector<size_t> kept;
  for (size_t i : order) {
    if (kept.size() >= most) break;
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](size_t k) {
      return overlap(boxes[k], boxes[i], offset) > threshold;
    });
    if (!hidden) kept.push_back(i);
  }
  return kept;
}

Dimension at_most(const Dimension& d) { return Dimension(0, d.bounded() ? d.max() : -1); }
PartialShape rows(const Dimension& most, int64_t width) {
  return PartialShape{at_most(most), Dimension(width)};
}

void check_index_type(const InferContext& c, element::Type type, const char* name) {
  if (type != element::i32 && type != element::i64)
    c.fail("{} must be i32 or i64, got {}", name, type.name());
}

}  // namespace vireo::ops
