// What changes the scores of tokens before one is chosen, by what was said so far. Definitions and
// order are those of transformers: repetition, repeated n-grams, presence and frequency; those of
// OpenVINO GenAI if the configuration asks.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/support/span.h"
#include "vireo/genai/generation_config.h"

namespace vireo::genai {

// The tokens of one sequence, and how often each came.
class History {
 public:
  // Counts are for process(): whoever does not call it need not pay for them.
  explicit History(std::vector<int64_t> prompt, bool counts = true);

  void push(int64_t token);
  span<const int64_t> tokens() const { return tokens_; }  // the prompt, then the output
  span<const int64_t> output() const {
    return {tokens_.data() + prompt_, tokens_.size() - prompt_};
  }
  size_t prompt_length() const { return prompt_; }

 private:
  friend void process(const GenerationConfig&, const History&, span<float>);
  std::vector<int64_t> tokens_;
  size_t prompt_;
  bool counting_;
  std::unordered_map<int64_t, uint32_t> counts_;  // in the output; 0: in the prompt alone
};

// True if process() would leave all scores as they are.
bool leaves_scores(const GenerationConfig& config);

void process(const GenerationConfig& config, const History& history, span<float> scores);

// -infinity for each token that would repeat n tokens in a row.
void ban_repeated_ngrams(size_t n, span<const int64_t> tokens, span<float> scores);

// -infinity for tokens; numbers that are none are passed over.
void forbid(span<const int64_t> tokens, span<float> scores);

}  // namespace vireo::genai
