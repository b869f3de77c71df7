// The floating-point state of a thread while it computes: round to nearest, denormals as the mode
// asks, no traps.
#pragma once

#include <cstdint>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace vireo {

enum class Denormals : uint8_t { Keep, Flush };  // accuracy mode keeps, performance mode flushes

// Sets the state for a scope and restores what the caller had.
class FloatEnvironment {
 public:
  explicit FloatEnvironment(Denormals denormals) noexcept {
#ifdef __x86_64__
    constexpr uint32_t kMasked = 0x1f80, kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
    saved_ = _mm_getcsr();
    _mm_setcsr(denormals == Denormals::Flush ? kMasked | kFlushToZero | kDenormalsAreZero
                                             : kMasked);
#else
    (void)denormals;
#endif
  }
  ~FloatEnvironment() {
#ifdef __x86_64__
    _mm_setcsr(saved_);
#endif
  }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  uint32_t saved_ = 0;
};

}  // namespace vireo
