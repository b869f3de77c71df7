// The process-wide pool of worker threads. Users take a Team (team.h); this is what teams are made
// of.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/threads/fork.h"

namespace vireo {

class Team;

// A piece of work: thread t of `threads`. It must not throw.
using Task = void (*)(void* context, int thread, int threads);

// A thread that waits for `go` to move, claims the part by moving `claimed` after it, runs the
// task, and moves `done` to the same value. A poster that has finished its own part claims what is
// not yet claimed and runs it itself: a worker that sleeps, or whose core another process has,
// holds nobody up. What different threads write lies on lines of their own, two apart because
// processors fetch lines in pairs.
struct Worker {
  alignas(128) std::atomic<uint32_t> go{0};
  std::atomic<uint32_t> asleep{0};  // the worker waits in the kernel for `go`
  int thread = 0;
  int threads = 0;
  Task task = nullptr;  // null: end the thread
  void* context = nullptr;
  Worker* const* group = nullptr;  // workers that this one starts and joins for its poster
  int group_size = 0;
  int spin_us = 0;  // how long to wait for the next part before sleeping

  alignas(128) std::atomic<uint32_t> claimed{0};

  alignas(128) std::atomic<uint32_t> done{0};
  std::atomic<uint32_t> awaited{0};  // the poster waits in the kernel for `done`

  alignas(128) pthread_t handle{};
  int core = -1;  // that the thread is bound to; -1: none
  Worker* next_lost = nullptr;
};

// Starts workers[i] on part first_thread + i; with many, a few of them start the others.
void start_workers(Worker* const* workers, int count, int first_thread, int threads, Task task,
                   void* context, int spin_us) noexcept;
void join_workers(Worker* const* workers, int count) noexcept;

// Hands workers to teams. A team keeps its workers between runs as long as nobody else needs them;
// one that is not active gives them up to a team that is. When all are busy more threads are made,
// so that a team never waits for another.
class Pool final : private ForkAware {
 public:
  // Made at the first call and never destroyed; its threads are joined when the library is unloaded
  // or the process exits, and are made again should somebody infer after that.
  static Pool& get();

  void add(Team* team);
  void remove(Team* team) noexcept;
  // Fills the team's workers as far as the system lets us create threads.
  void attach(Team* team) noexcept;
  void detach(Team* team) noexcept;
  // True while teams hold more workers than there are cores for: then those that are not active
  // give theirs back at once.
  static bool crowded() noexcept { return crowded_.load(std::memory_order_relaxed); }
  int worker_count();
  // Ends every worker that no active team holds.
  void stop() noexcept;

 private:
  Pool();
  ~Pool() = default;
  void lock_for_fork() noexcept override { mutex_.lock(); }
  void unlock_after_fork() noexcept override { mutex_.unlock(); }
  void after_fork_in_child() noexcept override;
  void take_back(Team* team) noexcept;
  void reclaim_idle_teams(const Team* except, size_t wanted) noexcept;
  size_t held() const { return workers_.size() - idle_.size(); }
  Worker* make_worker() noexcept;

  std::mutex mutex_;
  std::vector<Worker*> workers_;  // all that live
  std::vector<Worker*> idle_;     // in no team; capacity as workers_
  std::vector<Team*> teams_;
  Worker* lost_ = nullptr;  // of the parent process
  size_t cores_;
  static std::atomic<bool> crowded_;
};

}  // namespace vireo
