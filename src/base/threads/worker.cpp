// The worker's loop, and starting and joining workers.
#include <algorithm>
#include <climits>

#include "base/threads/pool.h"
#include "base/threads/wait.h"

namespace vireo {

namespace {

// Up to this many workers are started one by one; more are started through leaders, one for about as many as there are
// leaders, so that the time grows with the root of the number.
constexpr int kFlat = 8;

int group_length(int count) {
  if (count <= kFlat) return 1;
  int length = 2;
  while (length * length < count) ++length;
  return length;
}

// Orders our store to one word before our load of another, against a thread that does the same the other way round. GCC warns
// that TSan does not model fences; the races that it looks for are ordered by go and done.
void store_load_fence() {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
  std::atomic_thread_fence(std::memory_order_seq_cst);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

// Sleeps until *word differs from value, telling the other side by *flag.
void sleep_while(std::atomic<uint32_t>* word, uint32_t value, std::atomic<uint32_t>* flag) {
  flag->store(1, std::memory_order_seq_cst);
  store_load_fence();
  while (word->load(std::memory_order_acquire) == value) futex_wait(word, value);
  flag->store(0, std::memory_order_relaxed);
}

void join_one(Worker* worker) {
  const uint32_t goal = worker->go.load(std::memory_order_relaxed);
  const auto ready = [&] { return worker->done.load(std::memory_order_acquire) == goal; };
  // A poster that is done early has work waiting behind the join: it spins longer than an idle worker, but yields.
  const int limit = spin_limit_us();
  if (spin_until(ready, limit * 2, worker->yield_after_us)) return;
  sleep_while(&worker->done, goal - 1, &worker->awaited);
}

}  // namespace

void start_workers(Worker* const* workers, int count, int first_thread, int threads, Task task, void* context,
                   int yield_after_us) noexcept {
  const int length = group_length(count);
  for (int i = 0; i < count; i += length) {
    Worker* const worker = workers[i];
    worker->thread = first_thread + i;
    worker->threads = threads;
    worker->task = task;
    worker->context = context;
    worker->group = workers + i + 1;
    worker->group_size = std::min(length, count - i) - 1;
    worker->yield_after_us = yield_after_us;
    worker->go.store(worker->go.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  store_load_fence();
  for (int i = 0; i < count; i += length)
    if (workers[i]->asleep.load(std::memory_order_relaxed) != 0) futex_wake(&workers[i]->go, 1);
}

void join_workers(Worker* const* workers, int count) noexcept {
  const int length = group_length(count);
  for (int i = 0; i < count; i += length) join_one(workers[i]);
}

void* worker_main(void* argument) noexcept {
  Worker* const self = static_cast<Worker*>(argument);
  uint32_t seen = 0;
  int yield_after_us = 0;  // our own copy: after `done` the poster may write the next one
  while (true) {
    const auto posted = [&] { return self->go.load(std::memory_order_acquire) != seen; };
    if (!spin_until(posted, spin_limit_us(), yield_after_us)) sleep_while(&self->go, seen, &self->asleep);
    ++seen;
    if (!self->task) return nullptr;
    yield_after_us = self->yield_after_us;
    for (int i = 0; i < self->group_size; i += kFlat)
      start_workers(self->group + i, std::min(kFlat, self->group_size - i), self->thread + 1 + i,
                    self->threads, self->task, self->context, yield_after_us);
    self->task(self->context, self->thread, self->threads);
    for (int i = 0; i < self->group_size; i += kFlat)
      join_workers(self->group + i, std::min(kFlat, self->group_size - i));
    self->done.store(seen, std::memory_order_release);
    store_load_fence();
    if (self->awaited.load(std::memory_order_relaxed) != 0) futex_wake(&self->done, INT_MAX);
  }
}

}  // namespace vireo
