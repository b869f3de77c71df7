// Background threads that run jobs in order: what start_async stands on.
#pragma once

#include <functional>
#include <memory>

namespace vireo {

// Jobs start in the order of push() and, with several threads, run side by side. Threads are made
// when jobs wait, up to the limit. A job may push others, and may destroy the queue. Exceptions
// that leave a job end there, with a line in the log.
class AsyncQueue {
 public:
  using Job = std::function<void()>;

  explicit AsyncQueue(int threads);
  AsyncQueue(const AsyncQueue&) = delete;
  AsyncQueue& operator=(const AsyncQueue&) = delete;
  // Runs what was pushed to its end, then joins. A forked child starts with an empty queue: the
  // parent's jobs are the parent's.
  ~AsyncQueue();

  void push(Job job);
  // Called by a running job: from here on it may wait for other jobs of this queue, so that another
  // thread takes its place among those that the limit allows.
  void step_aside();
  // Until no job is queued or running.
  void wait();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace vireo
