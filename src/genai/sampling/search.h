// A search turns rows of scores into sequences of tokens: greedy, by drawing, or by beams. It knows
// nothing of models: who runs one gives the scores and appends to its cache what rows() says.
#pragma once

#include <memory>
#include <vector>

#include "base/support/span.h"
#include "genai/sampling/stop_text.h"
#include "vireo/genai/generation_config.h"
#include "vireo/genai/results.h"

namespace vireo::genai {

// A sequence that is done.
struct Sequence {
  std::vector<int64_t> tokens;  // without the prompt; a stop token is the last
  float score = 0;
  GenerationFinishReason reason = GenerationFinishReason::NONE;
  size_t dropped_bytes = 0;      // of the text's end: they belong to a stop text
  std::vector<float> log_probs;  // a token each, if they were asked for
};

// What a search is asked.
struct Task {
  GenerationConfig config;
  std::vector<int64_t> prompt;
  size_t max_new_tokens = SIZE_MAX;
  Tokenizer tokenizer;  // of stop texts

  bool is_stop_token(int64_t token) const;
  std::vector<int64_t> stop_tokens() const;
};

class Search {
 public:
  // A row of the next scores: `token` follows what row `parent` of the last ones stood for.
  struct Row {
    int32_t parent;
    int64_t token;
  };

  virtual ~Search() = default;
  // The scores of rows(), before the first step of the prompt: [rows, vocabulary].
  virtual void step(span<const float> scores) = 0;
  // Ends what still runs.
  virtual void finish(GenerationFinishReason reason) = 0;
  // The finished sequences, as many as were asked for, the best first.
  virtual std::vector<Sequence> results() const = 0;
  // Of a search for one sequence, the tokens that stay whatever comes; they only grow. Empty for
  // others.
  virtual span<const int64_t> settled() const { return {}; }

  virtual size_t length() const = 0;  // tokens of the longest sequence

  bool done() const { return done_; }
  span<const Row> rows() const { return rows_; }

 protected:
  std::vector<Row> rows_{{0, 0}};
  bool done_ = false;
};

std::unique_ptr<Search> make_search(Task task);

}  // namespace vireo::genai
