#include "genai/sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "genai/sampling/rows.h"

namespace vireo::genai {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// Of equal scores the one with the lower number comes first, or the one with the higher.
auto better(bool later_first = false) {
  return [later_first](const Candidate& a, const Candidate& b) {
    if (a.score != b.score) return a.score > b.score;
    return later_first ? a.id > b.id : a.id < b.id;
  };
}

}  // namespace

span<const Candidate> Candidates::select(const GenerationConfig& c, span<const float> scores) {
  list_.clear();
  const size_t best = arg_max(scores);
  if (scores.empty() || scores[best] == kNever) {  // nothing is possible, something must be said
    list_.push_back({0, uint32_t(best), 1});
    return list_;
  }
  const float top = scores[best];
  if (c.top_k == 0 || c.top_k >= scores.size()) {
    keep_likely(scores, top, c);
  } else {
    keep_best(scores, c.top_k, !c.openvino_sampling);
    weigh(top, c, 0);
  }
  if (c.openvino_sampling) keep_min_p(c.min_p);
  keep_top_p(c.top_p, !c.openvino_sampling);
  if (!c.openvino_sampling) keep_min_p(c.min_p);
  double sum = 0;
  for (const Candidate& one : list_) sum += one.probability;
  for (Candidate& one : list_) one.probability /= sum;
  return list_;
}

// Scans with the worst of what is kept as threshold, and throws away the lower half of a full list.
void Candidates::keep_best(span<const float> scores, size_t count, bool ties) {
  const size_t room = 2 * count + 64;
  list_.reserve(std::min(room, scores.size()) + 1);
  float threshold = std::numeric_limits<float>::lowest();
  for_at_least(scores, threshold, [&](size_t i) {
    list_.push_back({scores[i], uint32_t(i), 0});
    if (list_.size() < room) return threshold;
    const auto kth = list_.begin() + std::ptrdiff_t(count - 1);
    std::nth_element(list_.begin(), kth, list_.end(), better());
    threshold = kth->score;
    const auto lower = [&](const Candidate& c) { return c.score < threshold; };
    list_.erase(std::remove_if(list_.begin(), list_.end(), lower), list_.end());
    return threshold;
  });
  std::sort(list_.begin(), list_.end(), better());
  if (list_.size() > count) {
    const float last = list_[count - 1].score;
    size_t end = count;
    while (ties && end < list_.size() && list_[end].score == last) ++end;
    list_.resize(end);
  }
}

// All that the later cuts could leave: with top_p or min_p those are few, and only they are looked
// at one by one.
void Candidates::keep_likely(span<const float> scores, float top, const GenerationConfig& c) {
  constexpr double kNothing = 104;  // e^-104 is 0 in f32
  const bool few = c.top_p < 1.0f && !c.openvino_sampling;
  const double total = few ? sum_exp(scores, top, c.temperature) : 0;
  double depth = few ? 8 : kNothing;
  for (;; depth = std::min(2 * depth, kNothing)) {
    list_.clear();
    const float threshold = float(top - depth * c.temperature);
    for_at_least(scores, threshold, [&](size_t i) {
      list_.push_back({scores[i], uint32_t(i), 0});
      return threshold;
    });
    const double mass = weigh(top, c, total);
    if (depth >= kNothing || mass > c.top_p * (1 + 1e-6)) return;
  }
}

// Probabilities with this sum of exponentials over the whole row, or among the list if it is 0;
// their sum. Scores in the thousands tell who divides by the temperature first, and in f32:
// transformers.
double Candidates::weigh(float top, const GenerationConfig& c, double total) {
  double sum = 0;
  for (Candidate& one : list_) {
    const double share = c.openvino_sampling ? (double(one.score) - top) / c.temperature
                                             : one.score / c.temperature - top / c.temperature;
    sum += one.probability = std::exp(share);
  }
  if (total == 0) total = sum;
  for (Candidate& one : list_) one.probability /= total;
  return sum / total;
}

// The fewest whose sum reaches p. Most rows have their mass in a few tokens, so the order of the
// rest is never made.
void Candidates::keep_top_p(double p, bool later_first) {
  if (p >= 1.0) return;
  size_t sorted = 0, step = 64;
  double sum = 0;
  for (size_t i = 0; i < list_.size(); ++i) {
    if (i == sorted) {
      sorted = std::min(list_.size(), sorted + step);
      step *= 4;
      std::partial_sort(list_.begin() + std::ptrdiff_t(i), list_.begin() + std::ptrdiff_t(sorted),
                        list_.end(), better(later_first));
    }
    sum += list_[i].probability;
    if (sum < p) continue;
    list_.resize(i + 1);
    return;
  }
}

void Candidates::keep_min_p(double p) {
  if (p <= 0.0) return;
  double top = 0;
  for (const Candidate& one : list_) top = std::max(top, one.probability);
  const auto unlikely = [&](const Candidate& c) { return c.probability < p * top; };
  list_.erase(std::remove_if(list_.begin(), list_.end(), unlikely), list_.end());
}

span<const Candidate> Candidates::best(span<const float> scores, size_t count) {
  list_.clear();
  keep_best(scores, count, false);
  return list_;
}

void Candidates::sort_by_probability() { std::sort(list_.begin(), list_.end(), better()); }

const Candidate& Candidates::at(double share) const {
  double sum = 0;
  for (const Candidate& one : list_) {
    sum += one.probability;
    if (share < sum) return one;
  }
  return list_.back();
}

Candidate Candidates::draw(const GenerationConfig& c, span<const float> scores, double share) {
  const bool cuts = (c.top_k > 0 && c.top_k < scores.size()) || c.top_p < 1.0f || c.min_p > 0.0f;
  const float top = scores[arg_max(scores)];
  if (cuts || top == kNever) {
    select(c, scores);
    return at(share);
  }
  constexpr size_t kBlock = 1024;
  sums_.clear();
  double total = 0;
  for (size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const span<const float> block(scores.data() + begin, std::min(kBlock, scores.size() - begin));
    sums_.push_back(sum_exp(block, top, c.temperature));
    total += sums_.back();
  }
  size_t begin = 0;
  double left = share * total;
  while (left >= sums_[begin / kBlock] && begin + kBlock < scores.size()) {
    left -= sums_[begin / kBlock];
    begin += kBlock;
  }
  Candidate drawn{top, uint32_t(arg_max(scores)), 1 / total};  // if rounding leaves none
  for (size_t i = begin; i < std::min(begin + kBlock, scores.size()) && left >= 0; ++i) {
    const double weight = std::exp(double(scores[i] / c.temperature - top / c.temperature));
    if (weight > 0) drawn = {scores[i], uint32_t(i), weight / total};
    left -= weight;
  }
  return drawn;
}

}  // namespace vireo::genai
