// What walks a whole row of scores, a hundred thousand of them for each token: in vectors, without
// allocations.
#pragma once

#include <cstddef>

#include "base/support/span.h"

namespace vireo::genai {

// The first of the largest; 0 for an empty row.
size_t arg_max(span<const float> row);

// Sum of exp(row[i] / temperature - top / temperature), where nothing exceeds the top, divided in
// f32 as transformers divides: for scores in the thousands that tells. -infinity adds 0.
double sum_exp(span<const float> row, float top, float temperature);

// log(sum(exp(row))).
double log_sum_exp(span<const float> row);

// Calls f(i) for each score of at least a threshold that f may raise, by returning it.
template <typename F>
void for_at_least(span<const float> row, float threshold, F&& f) {
  constexpr size_t kBlock = 16;
  size_t i = 0;
  for (; i + kBlock <= row.size(); i += kBlock) {
    bool some = false;
    for (size_t j = 0; j < kBlock; ++j) some |= row[i + j] >= threshold;
    if (!some) continue;
    for (size_t j = 0; j < kBlock; ++j)
      if (row[i + j] >= threshold) threshold = f(i + j);
  }
  for (; i < row.size(); ++i)
    if (row[i] >= threshold) threshold = f(i);
}

}  // namespace vireo::genai
