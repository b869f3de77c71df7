// Streams: a lock-free stack of free ones, a queue of waiters behind a mutex.
#include "base/threads/streams.h"

#include <algorithm>

#include "base/threads/machine.h"
#include "base/threads/wait.h"

namespace vireo {

namespace {

constexpr uint64_t kIndex = 0xffffffffull;
constexpr uint64_t kCount = uint64_t(1) << 32;

// The word with another top and the next counter.
uint64_t with_top(uint64_t word, uint64_t top) {
  const uint64_t waiting = word & (uint64_t(1) << 63);
  const uint64_t counter = (word + kCount) & ~(uint64_t(1) << 63) & ~kIndex;
  return waiting | counter | top;
}

// Stream i begins at core i * threads, and leaves that one to its caller.
std::vector<int> cores_of(int stream, int threads) {
  const std::vector<int> cpus = allowed_cpus();
  std::vector<int> cores;
  for (int i = 1; i < threads; ++i)
    cores.push_back(cpus[size_t(stream * threads + i) % cpus.size()]);
  return cores;
}

}  // namespace

struct Streams::Waiter {
  std::atomic<uint32_t> given{0};  // the stream's index + 1
  Waiter* next = nullptr;
};

Streams::Streams(int count, int threads, bool pin)
    : count_(std::max(count, 1)),
      teams_(new std::unique_ptr<Team>[size_t(count_)]),
      next_(new std::atomic<uint32_t>[size_t(count_)]) {
  for (int i = 0; i < count_; ++i)
    teams_[size_t(i)] =
        std::make_unique<Team>(threads, pin ? cores_of(i, threads) : std::vector<int>());
  make_all_free();
  enrol();
}

Streams::~Streams() { leave(); }

void Streams::make_all_free() noexcept {
  for (int i = 0; i < count_; ++i)
    next_[size_t(i)].store(i + 1 < count_ ? uint32_t(i + 2) : 0, std::memory_order_relaxed);
  free_.store(1, std::memory_order_relaxed);
}

bool Streams::try_pop(int* index) noexcept {
  uint64_t word = free_.load(std::memory_order_acquire);
  while (!(word & kWaiting) && (word & kIndex) != 0) {
    const int top = int(word & kIndex) - 1;
    const uint64_t below = next_[size_t(top)].load(std::memory_order_relaxed);
    if (free_.compare_exchange_weak(word, with_top(word, below), std::memory_order_acq_rel,
                                    std::memory_order_acquire)) {
      *index = top;
      return true;
    }
  }
  return false;
}

Streams::Lease Streams::acquire() {
  int index = 0;
  if (!try_pop(&index)) index = wait_for_one();
  teams_[size_t(index)]->begin();
  return Lease(this, index, era_.load(std::memory_order_relaxed));
}

int Streams::wait_for_one() {
  Waiter self;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    // Queue up only while the stack is empty; a stream given back meanwhile changes the word, and
    // is taken.
    uint64_t word = free_.load(std::memory_order_acquire);
    int index = 0;
    while (!(word & kWaiting)) {
      if ((word & kIndex) != 0) {
        if (try_pop(&index)) return index;
        word = free_.load(std::memory_order_acquire);
      } else if (free_.compare_exchange_weak(word, word | kWaiting, std::memory_order_acq_rel)) {
        break;
      }
    }
    (last_ ? last_->next : first_) = &self;
    last_ = &self;
  }
  while (self.given.load(std::memory_order_acquire) == 0) futex_wait(&self.given, 0);
  return int(self.given.load(std::memory_order_relaxed)) - 1;
}

bool Streams::try_push(int index) noexcept {
  uint64_t word = free_.load(std::memory_order_acquire);
  while (!(word & kWaiting)) {
    next_[size_t(index)].store(uint32_t(word & kIndex), std::memory_order_relaxed);
    if (free_.compare_exchange_weak(word, with_top(word, uint64_t(index) + 1),
                                    std::memory_order_acq_rel, std::memory_order_acquire))
      return true;
  }
  return false;
}

void Streams::release(int index, uint32_t era) noexcept {
  if (era != era_.load(std::memory_order_relaxed)) return;
  teams_[size_t(index)]->end();
  if (try_push(index)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  // The last waiter may have been served between our look and the lock; under the lock none can
  // come.
  if (try_push(index)) return;
  Waiter* const waiter = first_;
  first_ = waiter->next;
  if (!first_) {
    last_ = nullptr;
    free_.fetch_and(~kWaiting, std::memory_order_acq_rel);
  }
  lock.unlock();
  // The waiter's stack frame may be gone once `given` is set: the wake needs the address alone.
  waiter->given.store(uint32_t(index) + 1, std::memory_order_release);
  futex_wake(&waiter->given, 1);
}

void Streams::after_fork_in_child() noexcept {
  era_.fetch_add(1, std::memory_order_relaxed);
  first_ = last_ = nullptr;
  make_all_free();
}

}  // namespace vireo
