// The tokens that may be drawn, and how likely each is.
#pragma once

#include <vector>

#include "base/support/span.h"
#include "vireo/genai/generation_config.h"

namespace vireo::genai {

struct Candidate {
  float score = 0;
  uint32_t id = 0;
  double probability = 0;  // of all candidates these sum to 1
};

// What temperature, top_k, top_p and min_p leave of a row of scores. Keeps its memory from step to
// step.
class Candidates {
 public:
  // The most likely first, wherever a cut needed an order; by number where all stay.
  span<const Candidate> select(const GenerationConfig& config, span<const float> scores);
  // The `count` highest scores, ties by number; their probabilities are not computed.
  span<const Candidate> best(span<const float> scores, size_t count);
  void sort_by_probability();  // ties by number
  span<const Candidate> all() const { return list_; }
  // The candidate at a share of the probability, in [0, 1).
  const Candidate& at(double share) const;
  // The same of select(), without a list where nothing is cut.
  Candidate draw(const GenerationConfig& config, span<const float> scores, double share);

 private:
  void keep_best(span<const float> scores, size_t count, bool ties);
  void keep_likely(span<const float> scores, float top, const GenerationConfig& config);
  double weigh(float top, const GenerationConfig& config, double total);
  void keep_top_p(double p, bool later_first);
  void keep_min_p(double p);
  std::vector<Candidate> list_;
  std::vector<double> sums_;  // of blocks of a row
};

}  // namespace vireo::genai
