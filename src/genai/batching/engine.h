// Continuous batching: in each step the scheduler's choice of tokens runs in one pass, and requests
// whose scores are there go on.
#pragma once

#include <functional>

#include "genai/batching/look_up.h"
#include "genai/batching/scheduler.h"

namespace vireo::genai {

class Engine {
 public:
  // What a model runs: the tokens of the rows one after the other, and the positions whose scores
  // are wanted.
  struct Pass {
    std::vector<int64_t> tokens;
    std::vector<SequenceStore::Row> rows;
    std::vector<int64_t> positions;
  };
  // Runs a pass, after which the sequences are longer by their tokens; the scores [positions,
  // vocabulary].
  using Forward = std::function<span<const float>(const Pass&)>;

  // What may come next, of which as much is taken as the model would have said itself; `most`
  // tokens or fewer.
  using Guess =
      std::function<std::vector<int64_t>(const Request&, span<const int64_t> tokens, size_t most)>;

  Engine(const SchedulerConfig& config, SequenceStore& store, Forward forward,
         Guess guess = look_up);
  ~Engine();

  // Safe while another thread steps.
  void add(std::shared_ptr<Request> request);
  bool idle() const;
  PipelineMetrics metrics() const;

  void step();

 private:
  using Requests = Scheduler::Requests;

  void admit();
  void drop_ended();
  void put_together(const std::vector<Piece>& pieces);
  void go_on(Request& request, span<const float> scores, size_t rows);
  void check_guesses(Request& request, span<const float> scores, size_t rows);
  void follow(Request& request);
  void end(Request& request, GenerationStatus status);
  void measure(size_t scheduled);

  SequenceStore& store_;
  Forward forward_;
  Guess guess_;
  std::unique_ptr<PrefixCache> prefixes_;
  Scheduler scheduler_;
  Requests running_;  // in the order in which they came
  Pass pass_;
  float pass_time_ = 0;                              // us
  std::vector<std::pair<Request*, size_t>> scored_;  // of the pass: requests and their rows

  mutable std::mutex mutex_;  // of what follows
  Requests waiting_;
  size_t count_ = 0;  // that are not done
  PipelineMetrics metrics_;
  std::vector<float> usage_;  // of the last steps, a ring
  size_t steps_ = 0;
};

}  // namespace vireo::genai
