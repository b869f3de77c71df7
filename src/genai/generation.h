// Runs searches over a language model: a batch of prompts, then a pass for each step until all are
// done.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "genai/language_model.h"
#include "genai/sampling/search.h"
#include "vireo/genai/perf_metrics.h"
#include "vireo/genai/streamer.h"

namespace vireo::genai {

using Clock = std::chrono::steady_clock;

inline float microseconds(Clock::duration time) {
  return std::chrono::duration<float, std::micro>(time).count();
}

// Hands a search's tokens to a streamer as they settle.
class Stream {
 public:
  // The streamer that a variant stands for; null for nobody.
  Stream(const StreamerVariant& given, const Tokenizer& tokenizer);

  explicit operator bool() const { return streamer_ != nullptr; }
  StreamingStatus write(span<const int64_t> tokens);
  StreamingStatus tell(const Search& search);
  void end();

 private:
  std::shared_ptr<StreamerBase> streamer_;
  size_t told_ = 0;
};

struct Prompt {
  std::vector<int64_t> tokens;
  size_t cached = 0;  // of the tokens, those that the model's cache holds
};

class Generation {
 public:
  // A search for each prompt. `start` is that of the call, for the time to the first token.
  Generation(LanguageModel& model, std::vector<std::unique_ptr<Search>> searches, Stream& stream,
             PerfMetrics& metrics, Clock::time_point start)
      : model_(model),
        searches_(std::move(searches)),
        stream_(stream),
        metrics_(metrics),
        start_(start),
        passed_(searches_.size(), 1) {}

  // What the streamer answered last.
  StreamingStatus run(const std::vector<Prompt>& prompts);
  const Search& search(size_t prompt) const { return *searches_[prompt]; }

 private:
  span<const float> read(const std::vector<Prompt>& prompts);
  span<const float> append();
  void sample(span<const float> scores);
  bool done() const;
  void measure(Clock::time_point from);

  LanguageModel& model_;
  std::vector<std::unique_ptr<Search>> searches_;
  Stream& stream_;
  PerfMetrics& metrics_;
  Clock::time_point start_, last_{};
  std::vector<size_t> passed_;  // rows of each search in the last pass
  size_t rows_ = 0;             // of all
};

}  // namespace vireo::genai
