// The futex calls and the clock.
#include "base/threads/wait.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/support/parse.h"

namespace vireo {

void futex_wait(std::atomic<uint32_t>* word, uint32_t value) noexcept {
  static_assert(sizeof *word == sizeof(uint32_t), "a futex is four bytes");
  ::syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>* word, int count) noexcept {
  ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

int spin_limit_us() noexcept {
  static const int limit = [] {
    constexpr int kDefault = 100, kMost = 1000000;
    const char* const text = std::getenv("VIREO_SPIN_US");
    const std::optional<int> value = text ? parse<int>(text) : std::nullopt;
    return value ? std::clamp(*value, 0, kMost) : kDefault;
  }();
  return limit;
}

int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace vireo
