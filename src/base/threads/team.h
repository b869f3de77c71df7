// A team of threads out of the process-wide pool: the way parallel work is run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/threads/pool.h"

namespace vireo {

// Fork and join over a fixed number of parts: the caller runs part 0, threads - 1 workers of the
// pool the others. Teams that are active at the same time have different workers. One caller at a
// time; a run inside a run goes through the parts one after another on the thread that asks.
// Nothing is allocated per run. Parts do not throw and do not wait for one another: the caller runs
// those whose worker does not come in time, or that the system refused a thread for. So a part's
// number says which scratch memory is its own, not which thread runs it.
class Team {
 public:
  // `cores` binds worker i, while this team has it, to cores[i mod size]; never the caller. Empty:
  // to none.
  explicit Team(int threads = 1, std::vector<int> cores = {});
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();

  int threads() const { return threads_; }

  // Between begin and end the workers are this team's alone: for the length of an inference. A run
  // outside of them does both.
  void begin() noexcept;
  void end() noexcept {
    if (threads_ == 1) return;
    if (Pool::crowded()) return Pool::get().detach(this);
    state_.store(kIdle, std::memory_order_release);
  }

  // task(context, thread, threads()) once for every thread.
  void run(Task task, void* context) noexcept {
    if (threads_ == 1) return task(context, 0, 1);
    run_parallel(task, context);
  }

  // f(task_begin, task_end, thread) over [0, tasks) in equal contiguous pieces, always the same for
  // the same numbers; threads without a task are not called.
  template <typename F>
  void run(int tasks, F&& f) noexcept {
    if (tasks <= 0) return;
    if (threads_ == 1 || tasks == 1) {
      f(0, tasks, 0);
      return;
    }
    using Function = std::remove_reference_t<F>;
    struct Call {
      Function* f;
      int tasks;
    } call{&f, tasks};
    run_parallel(
        [](void* context, int thread, int threads) {
          const Call& call = *static_cast<const Call*>(context);
          const int begin = int(int64_t(call.tasks) * thread / threads);
          const int end = int(int64_t(call.tasks) * (thread + 1) / threads);
          if (begin < end) (*call.f)(begin, end, thread);
        },
        &call);
  }

 private:
  friend class Pool;
  enum State : int {
    kIdle,
    kActive,
    kTaken
  };  // kTaken: the pool is moving the workers to another team

  void run_parallel(Task task, void* context) noexcept;

  const int threads_;
  int attached_ = 0;  // workers held; written by the active caller or by the pool when idle
  bool running_ = false;
  bool oversubscribed_ = false;  // more threads than cores
  const std::vector<int> cores_;
  std::atomic<int> state_{kIdle};
  std::unique_ptr<Worker*[]> workers_;  // room for threads_ - 1
};

}  // namespace vireo
