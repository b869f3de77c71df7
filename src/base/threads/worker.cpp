// The worker's loop, and starting and joining workers.
#include <algorithm>
#include <climits>

#include "base/threads/pool.h"
#include "base/threads/wait.h"

namespace vireo {

namespace {

// Up to this many workers are started one by one; more are started through leaders, one for about
// as many as there are leaders, so that the time grows with the root of the number.
constexpr int kFlat = 8;

// Looks at `done` before a poster runs a part that its worker has not begun: about the microsecond
// that a spinning worker's answer takes at worst.
constexpr int kGrace = 48;

int group_length(int count) {
  if (count <= kFlat) return 1;
  int length = 2;
  while (length * length < count) ++length;
  return length;
}

// Orders our store to one word before our load of another, against a thread that does the same the
// other way round. GCC warns that TSan does not model fences; the races that it looks for are
// ordered by go and done.
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

// Sleeps until ready(), which looks at *word, telling the other side by *flag.
template <typename Ready>
void sleep_until(std::atomic<uint32_t>* word, std::atomic<uint32_t>* flag, Ready&& ready) {
  flag->store(1, std::memory_order_seq_cst);
  store_load_fence();
  while (true) {
    const uint32_t value = word->load(std::memory_order_acquire);
    if (ready()) break;
    futex_wait(word, value);
  }
  flag->store(0, std::memory_order_relaxed);
}

// Only one of the worker and its poster gets a part.
bool claim(Worker* worker, uint32_t epoch) {
  uint32_t expected = epoch - 1;
  return worker->claimed.compare_exchange_strong(expected, epoch, std::memory_order_acq_rel);
}

void run_part(Worker* worker) {
  const int size = worker->group_size;
  for (int i = 0; i < size; i += kFlat)
    start_workers(worker->group + i, std::min(kFlat, size - i), worker->thread + 1 + i,
                  worker->threads, worker->task, worker->context, worker->spin_us);
  worker->task(worker->context, worker->thread, worker->threads);
  for (int i = 0; i < size; i += kFlat) join_workers(worker->group + i, std::min(kFlat, size - i));
}

void join_one(Worker* worker) {
  const uint32_t goal = worker->go.load(std::memory_order_relaxed);
  const auto ready = [&] { return worker->done.load(std::memory_order_acquire) == goal; };
  for (int i = 0; i < kGrace; ++i) {
    if (ready()) return;
    cpu_pause();
  }
  if (claim(worker, goal)) return run_part(worker);
  // Work waits behind the join: it spins longer than an idle worker.
  if (spin_until(ready, worker->spin_us * 2)) return;
  sleep_until(&worker->done, &worker->awaited, ready);
}

}  // namespace

void start_workers(Worker* const* workers, int count, int first_thread, int threads, Task task,
                   void* context, int spin_us) noexcept {
  const int length = group_length(count);
  for (int i = 0; i < count; i += length) {
    Worker* const worker = workers[i];
    worker->thread = first_thread + i;
    worker->threads = threads;
    worker->task = task;
    worker->context = context;
    worker->group = workers + i + 1;
    worker->group_size = std::min(length, count - i) - 1;
    worker->spin_us = spin_us;
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
  int spin_us = spin_limit_us();  // our own copy: after `done` the poster may write the next one
  while (true) {
    const auto posted = [&] { return self->go.load(std::memory_order_acquire) != seen; };
    if (!spin_until(posted, spin_us)) sleep_until(&self->go, &self->asleep, posted);
    seen = self->go.load(std::memory_order_acquire);
    // What the poster wrote for us may be read only while the part is ours.
    if (!claim(self, seen)) continue;
    if (!self->task) return nullptr;
    spin_us = self->spin_us;
    run_part(self);
    self->done.store(seen, std::memory_order_release);
    store_load_fence();
    if (self->awaited.load(std::memory_order_relaxed) != 0) futex_wake(&self->done, INT_MAX);
  }
}

}  // namespace vireo
