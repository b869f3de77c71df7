// Streams: several teams over the pool, one inference on each at a time, further callers in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/threads/team.h"

namespace vireo {

class Streams final : private ForkAware {
 public:
  // `count` teams of `threads` threads each. What they use of the pool is decided while they work,
  // not here. `pin` gives every worker of every stream a core of its own as far as there are as
  // many (ENABLE_CPU_PINNING), until the streams are destroyed; callers stay unbound.
  Streams(int count, int threads, bool pin = false);
  ~Streams();

  int count() const { return count_; }
  int threads() const { return teams_[0]->threads(); }

  // A stream, from acquire() until the lease is destroyed.
  class Lease {
   public:
    Lease(Lease&& other) noexcept : owner_(other.owner_), index_(other.index_), era_(other.era_) {
      other.owner_ = nullptr;
    }
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (owner_) owner_->release(index_, era_);
    }
    Team& team() const { return *owner_->teams_[size_t(index_)]; }
    int index() const { return index_; }  // of the stream: 0 to count() - 1

   private:
    friend class Streams;
    Lease(Streams* owner, int index, uint32_t era) : owner_(owner), index_(index), era_(era) {}
    Streams* owner_;
    int index_;
    uint32_t era_;
  };

  // Takes the stream that was given back last, or waits for one: who came first goes first. Waiting
  // sleeps.
  Lease acquire();

 private:
  struct Waiter;

  void lock_for_fork() noexcept override { mutex_.lock(); }
  void unlock_after_fork() noexcept override { mutex_.unlock(); }
  void after_fork_in_child() noexcept override;
  void make_all_free() noexcept;
  bool try_pop(int* index) noexcept;
  bool try_push(int index) noexcept;
  int wait_for_one();
  void release(int index, uint32_t era) noexcept;

  const int count_;
  std::unique_ptr<std::unique_ptr<Team>[]> teams_;
  // The free streams, a stack linked by next_: the top's index + 1 in the low half, above it a
  // counter that makes every change a new value, and kWaiting. The bit is set exactly while the
  // queue has somebody; it is changed under the mutex.
  static constexpr uint64_t kWaiting = uint64_t(1) << 63;
  alignas(64) std::atomic<uint64_t> free_{0};
  std::unique_ptr<std::atomic<uint32_t>[]> next_;
  std::atomic<uint32_t> era_{
      0};  // counts forks: leases of the parent process are void in the child
  std::mutex mutex_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace vireo
