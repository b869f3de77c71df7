// Waiting for a word of memory to change: a bounded spin, then the kernel's futex.
#pragma once

#include <atomic>
#include <cstdint>

namespace vireo {

inline void cpu_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Blocks while the word has this value; may return early. futex_wake wakes up to `count` sleepers.
void futex_wait(std::atomic<uint32_t>* word, uint32_t value) noexcept;
void futex_wake(std::atomic<uint32_t>* word, int count) noexcept;

// How long a thread of the pool spins before it sleeps, in microseconds: VIREO_SPIN_US, 100 by
// default, 0 for servers that share their cores. Read once.
int spin_limit_us() noexcept;

int64_t now_ns() noexcept;

// Spins until ready() or until the limit; true if ready. Most waits in a hot loop end in the first,
// clockless part. It never yields: to Linux a yield is a time slice given away (4 ms), and the
// thread that gave it comes late to all that follows, where one that sleeps comes back when it is
// woken.
template <typename Ready>
inline bool spin_until(Ready&& ready, int limit_us) noexcept {
  constexpr int kClockless = 64, kBetweenClocks = 16;
  if (ready()) return true;
  if (limit_us <= 0) return false;
  for (int i = 0; i < kClockless; ++i) {
    cpu_pause();
    if (ready()) return true;
  }
  const int64_t start = now_ns();
  while (true) {
    for (int i = 0; i < kBetweenClocks; ++i) {
      cpu_pause();
      if (ready()) return true;
    }
    if (now_ns() - start > int64_t(limit_us) * 1000) return ready();
  }
}

}  // namespace vireo
