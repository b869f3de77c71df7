// What the benches of the dense kernels share: the machine's multiply-add peak, medians, a line of
// the table.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace vireo::cpu::bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Median seconds of one call, each sample at least 200 us long.
template <typename Fn>
double median_seconds(Fn fn) {
  fn();
  double start = seconds();
  fn();
  const int calls = std::max(1, int(200e-6 / std::max(1e-9, seconds() - start)));
  std::vector<double> samples;
  start = seconds();
  while (samples.size() < 7 || (samples.size() < 101 && seconds() - start < 0.2)) {
    const double t = seconds();
    for (int i = 0; i < calls; ++i) fn();
    samples.push_back((seconds() - t) / calls);
  }
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  return samples[samples.size() / 2];
}

#ifdef __x86_64__
__attribute__((target("avx512f"), noinline)) inline void chains512(int64_t rounds, float* out) {
  __m512 acc[12], x = _mm512_set1_ps(0.999f);
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) acc[i] = _mm512_set1_ps(float(i));
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) acc[i] = _mm512_fmadd_ps(acc[i], x, x);
    __asm__ volatile("" : "+v"(acc[0]));
  }
#pragma GCC unroll 12
  for (int i = 1; i < 12; ++i) acc[0] = _mm512_add_ps(acc[0], acc[i]);
  _mm512_storeu_ps(out, acc[0]);
}
__attribute__((target("avx2,fma"), noinline)) inline void chains256(int64_t rounds, float* out) {
  __m256 acc[12], x = _mm256_set1_ps(0.999f);
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) acc[i] = _mm256_set1_ps(float(i));
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) acc[i] = _mm256_fmadd_ps(acc[i], x, x);
    __asm__ volatile("" : "+x"(acc[0]));
  }
#pragma GCC unroll 12
  for (int i = 1; i < 12; ++i) acc[0] = _mm256_add_ps(acc[0], acc[i]);
  _mm256_storeu_ps(out, acc[0]);
}
#endif

// FLOP/s of dependent-free multiply-adds on one thread, with vectors of so many lanes.
inline double peak_flops(int lanes) {
  double best = 0;
#ifdef __x86_64__
  float out[16];
  for (int i = 0; i < 20; ++i) {
    const int64_t rounds = 100000;
    const double start = seconds();
    if (lanes == 16)
      chains512(rounds, out);
    else
      chains256(rounds, out);
    const double width = lanes == 16 ? 16 : 8;
    best = std::max(best, 2.0 * 12 * width * rounds / (seconds() - start));
  }
#endif
  return best;
}

inline void print(const char* kernel, const char* what, double flops, double time, double peak) {
  std::printf("%-26s %-34s %10.2f us %8.1f GFLOP/s %5.1f %% of peak\n", kernel, what, time * 1e6,
              flops / time * 1e-9, 100 * flops / time / peak);
}

}  // namespace vireo::cpu::bench
