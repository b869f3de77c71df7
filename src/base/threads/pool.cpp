// The pool: lending workers, making and ending threads, fork.
#include "base/threads/pool.h"

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>

#include "base/threads/machine.h"
#include "base/threads/team.h"
#include "base/threads/wait.h"

namespace vireo {

void* worker_main(void* argument) noexcept;

namespace {

// Beyond this a team runs its remaining parts on its caller.
constexpr size_t kMostWorkers = 4096;

struct CpuMask {
  explicit CpuMask(const std::vector<int>& cpus)
      : size(CPU_ALLOC_SIZE(*std::max_element(cpus.begin(), cpus.end()) + 1)),
        words(size / sizeof(unsigned long) + 1) {
    for (int cpu : cpus) CPU_SET_S(size_t(cpu), size, set());
  }
  cpu_set_t* set() { return reinterpret_cast<cpu_set_t*>(words.data()); }
  size_t size;
  std::vector<unsigned long> words;
};

// Binds a worker to one core, or with -1 to all that the process may use.
void bind(Worker* worker, int core) noexcept try {
  if (worker->core == core) return;
  CpuMask mask(core < 0 ? allowed_cpus() : std::vector<int>{core});
  if (::pthread_setaffinity_np(worker->handle, mask.size, mask.set()) == 0) worker->core = core;
} catch (const std::bad_alloc&) {
  // It stays where it is: slower, not wrong.
}

}  // namespace

Pool& Pool::get() {
  static Pool* const pool = new Pool;
  struct Stopper {
    ~Stopper() { pool->stop(); }
  };
  static Stopper stopper;
  return *pool;
}

std::atomic<bool> Pool::crowded_{false};

Pool::Pool() : cores_(size_t(available_cores())) { enrol(); }

void Pool::add(Team* team) {
  std::lock_guard<std::mutex> lock(mutex_);
  teams_.push_back(team);
}

void Pool::remove(Team* team) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  take_back(team);
  teams_.erase(std::find(teams_.begin(), teams_.end(), team));
  if (team->cores_.empty()) return;
  for (Worker* worker : idle_) bind(worker, -1);
}

void Pool::take_back(Team* team) noexcept {
  idle_.insert(idle_.end(), team->workers_.get(), team->workers_.get() + team->attached_);
  team->attached_ = 0;
}

void Pool::reclaim_idle_teams(const Team* except, size_t wanted) noexcept {
  for (Team* team : teams_) {
    if (idle_.size() >= wanted) return;
    int expected = Team::kIdle;
    if (team == except ||
        !team->state_.compare_exchange_strong(expected, Team::kTaken, std::memory_order_acquire))
      continue;
    take_back(team);
    team->state_.store(Team::kIdle, std::memory_order_release);
  }
}

void Pool::attach(Team* team) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  // Nobody can be moving this team's workers now: that happens under the lock.
  team->state_.store(Team::kActive, std::memory_order_relaxed);
  const size_t wanted = size_t(team->threads_ - 1 - team->attached_);
  // Rather a worker that an idle team holds and that still spins than one more on the same cores.
  const bool full = held() + wanted >= cores_;
  if (full || idle_.size() < wanted) reclaim_idle_teams(team, full ? workers_.size() : wanted);
  for (size_t i = 0; i < wanted; ++i) {
    Worker* worker = nullptr;
    if (!idle_.empty()) {
      worker = idle_.back();
      idle_.pop_back();
    } else {
      worker = make_worker();
    }
    if (!worker) break;
    team->workers_[size_t(team->attached_++)] = worker;
  }
  const std::vector<int>& cores = team->cores_;
  for (size_t i = 0; i < size_t(team->attached_); ++i)
    bind(team->workers_[i], cores.empty() ? -1 : cores[i % cores.size()]);
  crowded_.store(held() >= cores_, std::memory_order_relaxed);
}

void Pool::detach(Team* team) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  take_back(team);
  team->state_.store(Team::kIdle, std::memory_order_release);
  crowded_.store(held() >= cores_, std::memory_order_relaxed);
}

Worker* Pool::make_worker() noexcept try {
  if (workers_.size() >= kMostWorkers) return nullptr;
  workers_.reserve(workers_.size() + 1);
  idle_.reserve(workers_.capacity());
  CpuMask mask(allowed_cpus());
  std::unique_ptr<Worker> worker(new Worker);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  // Else it inherits the mask of the thread that happens to make it, which somebody may have bound
  // to one core.
  ::pthread_attr_setaffinity_np(&attributes, mask.size, mask.set());
  // Signals are the application's: they go to its threads.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = ::pthread_create(&worker->handle, &attributes, worker_main, worker.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) return nullptr;
  char name[16];
  std::snprintf(name, sizeof name, "vireo-%zu", workers_.size() + 1);
  ::pthread_setname_np(worker->handle, name);
  workers_.push_back(worker.get());
  return worker.release();
} catch (const std::bad_alloc&) {
  return nullptr;
}

int Pool::worker_count() {
  std::lock_guard<std::mutex> lock(mutex_);
  return int(workers_.size());
}

void Pool::stop() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  reclaim_idle_teams(nullptr, kMostWorkers + 1);
  for (Worker* worker : idle_) {
    Worker* const one[] = {worker};
    start_workers(one, 1, 0, 0, nullptr, nullptr, 0);
    ::pthread_join(worker->handle, nullptr);
    workers_.erase(std::find(workers_.begin(), workers_.end(), worker));
    delete worker;
  }
  idle_.clear();
}

void Pool::after_fork_in_child() noexcept {
  for (Team* team : teams_) {
    team->attached_ = 0;
    team->running_ = false;
    team->state_.store(Team::kIdle, std::memory_order_relaxed);
  }
  // Their threads are not in this process. The memory stays: a forking thread may stand in a run
  // that points to it.
  for (Worker* worker : workers_) {
    worker->next_lost = lost_;
    lost_ = worker;
  }
  workers_.clear();
  idle_.clear();
  crowded_.store(false, std::memory_order_relaxed);
}

}  // namespace vireo
