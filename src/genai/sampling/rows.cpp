#include "genai/sampling/rows.h"

#include "base/simd/scalar.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/simd/math.h"

namespace vireo::genai {
namespace {

using F = simd::vec<float, 4>;
constexpr float kLowest = -std::numeric_limits<float>::infinity();

// Four chains hide the latency of the comparisons.
float largest(span<const float> row) {
  F best[4] = {F(kLowest), F(kLowest), F(kLowest), F(kLowest)};
  size_t i = 0;
  for (; i + 16 <= row.size(); i += 16)
    for (int k = 0; k < 4; ++k) best[k] = max(best[k], F::load(row.data() + i + 4 * k));
  float result = reduce_max(max(max(best[0], best[1]), max(best[2], best[3])));
  for (; i < row.size(); ++i) result = std::max(result, row[i]);
  return result;
}

}  // namespace

size_t arg_max(span<const float> row) {
  // The block that holds the largest, then its place in it: the row is read once.
  constexpr size_t kBlock = 1024;
  size_t place = 0;
  float best = kLowest;
  for (size_t begin = 0; begin < row.size(); begin += kBlock) {
    const span<const float> block(row.data() + begin, std::min(kBlock, row.size() - begin));
    const float top = largest(block);
    if (top > best) {
      best = top;
      place = begin;
    }
  }
  const size_t end = std::min(place + kBlock, row.size());
  for (size_t i = place; i < end; ++i)
    if (row[i] == best) return i;
  return 0;
}

double sum_exp(span<const float> row, float top, float temperature) {
  const float shift = top / temperature;
  double total = 0;
  size_t i = 0;
  while (i + 4 <= row.size()) {
    F sum(0.0f);  // of so few that f32 loses nothing that counts
    const size_t end = std::min(row.size(), i + 1024);
    for (; i + 4 <= end; i += 4)
      sum = sum + exp_nonpositive(F::load(row.data() + i) / F(temperature) - F(shift));
    total += double(reduce_add(sum));
  }
  for (; i < row.size(); ++i) total += std::exp(double(row[i] / temperature - shift));
  return total;
}

double log_sum_exp(span<const float> row) {
  if (row.empty()) return kLowest;
  const float top = row[arg_max(row)];
  return top == kLowest ? kLowest : top + std::log(sum_exp(row, top, 1.0f));
}

}  // namespace vireo::genai
