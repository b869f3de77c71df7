// What a generation gives: texts or tokens, with scores, reasons and times.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vireo/genai/perf_metrics.h"

namespace vireo::genai {

enum class GenerationFinishReason {
  NONE,    // it was cancelled, or still runs
  STOP,    // a stop token, a stop text, or the streamer
  LENGTH,  // a bound of the configuration or the model's context
};

// Where a request of continuous batching stands.
enum class GenerationStatus {
  RUNNING,
  FINISHED,
  IGNORED,  // the cache is too small for it alone
  CANCEL,   // the handle cancelled it
  STOP,     // the handle stopped it
};

// Of several prompts, the num_return_sequences sequences of the first come first. Scores are sums
// of log probabilities: of beams divided by their length^length_penalty, 0 for greedy ones without
// logprobs.
struct EncodedResults {
  std::vector<std::vector<int64_t>> tokens;
  std::vector<float> scores;
  std::vector<GenerationFinishReason> finish_reasons;
  std::vector<std::vector<float>> log_probs;  // of each token, before any processing; with logprobs
  PerfMetrics perf_metrics;
};

struct VIREO_API DecodedResults {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<GenerationFinishReason> finish_reasons;
  PerfMetrics perf_metrics;

  std::string to_string() const;  // the texts, a line each
  operator std::string() const { return to_string(); }
};

}  // namespace vireo::genai
