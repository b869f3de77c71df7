// A request of continuous batching: its search, and the sequences of the cache that its rows stand
// for.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "base/sequences/sequence_store.h"
#include "genai/sampling/search.h"
#include "vireo/genai/results.h"

namespace vireo::genai {

// A row of the search: all its tokens, of which the cache's sequence holds the first.
struct Line {
  SequenceStore::Id sequence = 0;
  std::vector<int64_t> tokens;
};

struct Request {
  Request(uint64_t number, Task what)
      : id(number),
        prompt(what.prompt),
        config(what.config),
        search(make_search(std::move(what))),
        start(std::chrono::steady_clock::now()) {}

  bool begun() const { return !lines.empty(); }
  // Tokens of a line that the cache does not hold yet.
  size_t pending(const SequenceStore& store, size_t line) const {
    return lines[line].tokens.size() - size_t(store.length(lines[line].sequence));
  }

  const uint64_t id;
  const std::vector<int64_t> prompt;
  const GenerationConfig config;
  const std::unique_ptr<Search> search;
  std::vector<Line> lines;
  mutable std::shared_ptr<void> draft;  // what a model that guesses keeps of it
  std::vector<int64_t> guesses;         // what may follow the only line: run with it, and checked
  std::chrono::steady_clock::time_point start, last;

  // What handles look at while another thread steps.
  std::atomic<bool> stops{false}, cancels{false};
  mutable std::mutex mutex;
  GenerationStatus status = GenerationStatus::RUNNING;
  std::vector<int64_t> told;        // settled tokens of a single sequence
  std::vector<Sequence> sequences;  // once it is done
  PerfMetrics metrics;
};

}  // namespace vireo::genai
