// Sequences that go their own ways: the best token of each row, or one that is drawn.
#pragma once

#include <random>

#include "genai/sampling/candidates.h"
#include "genai/sampling/processors.h"
#include "genai/sampling/search.h"

namespace vireo::genai {

class SampledSearch : public Search {
 public:
  explicit SampledSearch(Task task);

  void step(span<const float> scores) override;
  void finish(GenerationFinishReason reason) override;
  std::vector<Sequence> results() const override;
  span<const int64_t> settled() const override;
  size_t length() const override { return length_; }

 private:
  struct Line {
    Line(const std::vector<int64_t>& prompt, bool counts) : history(prompt, counts) {}
    History history;
    float score = 0;
    GenerationFinishReason reason = GenerationFinishReason::NONE;
    size_t kept = 0;  // of the output, once it is finished
    size_t dropped_bytes = 0;
    std::vector<float> log_probs;
  };

  int64_t choose(Line& line, span<const float> scores);
  void append(Line& line, int64_t token);

  const Task task_;
  const std::vector<int64_t> stop_tokens_;
  const StopText stop_text_;
  const bool plain_;  // scores are taken as they come
  std::vector<Line> lines_;
  size_t length_ = 0;
  std::vector<size_t> running_;  // lines of rows()
  std::mt19937 random_;
  Candidates candidates_;
  std::vector<float> changed_;  // a row that the processors changed
};

}  // namespace vireo::genai
