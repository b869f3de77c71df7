// Which tokens of which requests the next pass takes. Requests are served in the order in which
// they came: the first of them always gets on, if need be at the cost of later ones, whose part of
// the cache is given back and computed again.
#pragma once

#include <memory>
#include <vector>

#include "genai/batching/prefix_cache.h"
#include "genai/batching/request.h"
#include "vireo/genai/scheduler_config.h"

namespace vireo::genai {

// The next `tokens` of a line, and the request's first guesses behind them.
struct Piece {
  Request* request;
  size_t line;
  size_t tokens;
  size_t guesses = 0;

  size_t length() const { return tokens + guesses; }
};

class Scheduler {
 public:
  // `prefixes`: null without prefix caching.
  Scheduler(const SchedulerConfig& config, SequenceStore& store, PrefixCache* prefixes)
      : config_(config), store_(store), prefixes_(prefixes) {}

  using Requests = std::vector<std::shared_ptr<Request>>;  // in order
  // The pieces of a pass; empty if not even the first request fits into the cache alone. Requests
  // that begin get their line.
  const std::vector<Piece>& schedule(const Requests& requests);

 private:
  void take_next_tokens(const Requests& requests);
  void take_prompts(const Requests& requests);
  bool take_group(const Requests& requests, size_t place);
  size_t take_prompt(const Requests& requests, size_t place, size_t line);
  bool reads(const Request& request) const;
  void begin(Request& request);
  bool make_room(const Requests& requests, size_t place, int64_t blocks);
  bool preempt_last(const Requests& requests, size_t place);
  void give_back(Request& request);
  void withdraw(const Request& request);
  int64_t needed(const std::vector<Piece>& more) const;
  void put(const Piece& piece);

  const SchedulerConfig config_;
  SequenceStore& store_;
  PrefixCache* prefixes_;
  std::vector<Piece> pieces_;
  size_t tokens_ = 0;  // of the pieces
};

}  // namespace vireo::genai
