// Team: taking workers and running on them.
#include "base/threads/team.h"

#include <algorithm>

#include "base/threads/machine.h"

namespace vireo {

namespace {

constexpr int kMostThreads = 1024;

// A wait shorter than this is one for a neighbour's part of a step; after it another process may
// need the core more. A team with more threads than cores waits for itself, and yields at once.
constexpr int kYieldAfterUs = 30;

}  // namespace

Team::Team(int threads) : threads_(std::clamp(threads, 1, kMostThreads)) {
  if (threads_ == 1) return;
  yield_after_us_ = threads_ > available_cores() ? 0 : kYieldAfterUs;
  workers_.reset(new Worker*[size_t(threads_ - 1)]());
  Pool::get().add(this);
}

Team::~Team() {
  if (threads_ > 1) Pool::get().remove(this);
}

void Team::begin() noexcept {
  if (threads_ == 1) return;
  int expected = kIdle;
  if (state_.compare_exchange_strong(expected, kActive, std::memory_order_acquire) &&
      attached_ == threads_ - 1)
    return;
  Pool::get().attach(this);
}

void Team::run_parallel(Task task, void* context) noexcept {
  if (running_) {
    for (int thread = 0; thread < threads_; ++thread) task(context, thread, threads_);
    return;
  }
  const bool alone = state_.load(std::memory_order_relaxed) != kActive;
  if (alone) begin();
  running_ = true;
  start_workers(workers_.get(), attached_, 1, threads_, task, context, yield_after_us_);
  task(context, 0, threads_);
  for (int thread = attached_ + 1; thread < threads_; ++thread) task(context, thread, threads_);
  join_workers(workers_.get(), attached_);
  running_ = false;
  if (alone) end();
}

}  // namespace vireo
