// Team: taking workers and running on them.
#include "base/threads/team.h"

#include <algorithm>

#include "base/threads/machine.h"
#include "base/threads/wait.h"

namespace vireo {

namespace {

constexpr int kMostThreads = 1024;

}  // namespace

Team::Team(int threads, std::vector<int> cores)
    : threads_(std::clamp(threads, 1, kMostThreads)), cores_(std::move(cores)) {
  if (threads_ == 1) return;
  oversubscribed_ = threads_ > available_cores();
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
  // With more threads at work than cores, who spins keeps the core from the one that it waits for.
  const int spin_us = oversubscribed_ || Pool::crowded() ? 0 : spin_limit_us();
  start_workers(workers_.get(), attached_, 1, threads_, task, context, spin_us);
  task(context, 0, threads_);
  for (int thread = attached_ + 1; thread < threads_; ++thread) task(context, thread, threads_);
  join_workers(workers_.get(), attached_);
  running_ = false;
  if (alone) end();
}

}  // namespace vireo
