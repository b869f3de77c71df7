// Boxes and how much they overlap, for the operators that find objects. All in float, as their
// definitions are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {

struct Box {
  float x1, y1, x2, y2;
  float area(float offset = 0) const { return (x2 - x1 + offset) * (y2 - y1 + offset); }
};

// A box that suppression looks at, and where it comes from.
struct Candidate {
  float score;
  int64_t index, batch, label;
  size_t checked = 0;  // how many of the kept ones it was already held against
};

std::vector<float> load_floats(const Tensor& tensor);
void store_floats(Tensor& tensor, const std::vector<float>& values);
inline Box box_at(const std::vector<float>& values, size_t index) {
  const float* p = values.data() + index * 4;
  return {p[0], p[1], p[2], p[3]};
}

// NaN becomes the lower bound, so that the result may be made an integer.
inline float bounded(float v, float low, float high) { return std::max(low, std::min(v, high)); }

// Intersection over union. `offset` is 1 where coordinates name pixels, whose extent counts, and 0
// where they are normalised.
float overlap(const Box& a, const Box& b, float offset = 0);

// Highest score first, then lowest index.
bool better(const Candidate& a, const Candidate& b);

// Sorted candidates thinned greedily: one is dropped when its overlap with a kept one is over the
// threshold. At most `most` are kept.
std::vector<size_t> thin(const std::vector<Box>& boxes, const std::vector<size_t>& order,
                         float threshold, size_t most, float offset);

// What several operators give: data-dependent rows of a fixed width, at most `most` of them.
PartialShape rows(const Dimension& most, int64_t width);
Dimension at_most(const Dimension& d);
void check_index_type(const InferContext& c, element::Type type, const char* name);

}  // namespace vireo::ops
