#include "vireo/peak.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace vireo::command {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr int kRounds = 200000;

// Twelve independent chains hide the latency of the multiply-add on every x86 since 2013.
__attribute__((target("avx512f"))) double fma_avx512(float* sink) {
  __m512 a[12], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
  for (auto& v : a) v = _mm512_set1_ps(1.0f);
  const double t = seconds();
  for (int i = 0; i < kRounds; ++i)
#pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) a[k] = _mm512_fmadd_ps(a[k], x, y);
  const double took = seconds() - t;
  __m512 sum = a[0];
  for (int k = 1; k < 12; ++k) sum = _mm512_add_ps(sum, a[k]);
  *sink += _mm512_cvtss_f32(sum);
  return 2.0 * 16 * 12 * kRounds / took * 1e-9;
}

__attribute__((target("avx2,fma"))) double fma_avx2(float* sink) {
  __m256 a[12], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
  for (auto& v : a) v = _mm256_set1_ps(1.0f);
  const double t = seconds();
  for (int i = 0; i < kRounds; ++i)
#pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) a[k] = _mm256_fmadd_ps(a[k], x, y);
  const double took = seconds() - t;
  __m256 sum = a[0];
  for (int k = 1; k < 12; ++k) sum = _mm256_add_ps(sum, a[k]);
  *sink += _mm256_cvtss_f32(sum);
  return 2.0 * 8 * 12 * kRounds / took * 1e-9;
}

double read_gbytes() {
  std::vector<unsigned long long> data((64 << 20) / 8, 1);
  double best = 0;
  unsigned long long sum = 0;
  for (int round = 0; round < 3; ++round) {
    const double t = seconds();
    unsigned long long s[8] = {};
    for (size_t i = 0; i + 8 <= data.size(); i += 8)
      for (int k = 0; k < 8; ++k) s[k] += data[i + size_t(k)];
    best = std::max(best, double(data.size()) * 8 / (seconds() - t) * 1e-9);
    for (unsigned long long v : s) sum += v;
  }
  volatile unsigned long long keep = sum;
  (void)keep;
  return best;
}

}  // namespace

Peak measure_peak() {
  Peak peak;
  volatile float sink = 0;
  float local = 0;
  for (int round = 0; round < 5; ++round) {
    if (__builtin_cpu_supports("avx512f")) {
      peak.isa = "avx512";
      peak.gflops = std::max(peak.gflops, fma_avx512(&local));
    } else if (__builtin_cpu_supports("avx2")) {
      peak.isa = "avx2";
      peak.gflops = std::max(peak.gflops, fma_avx2(&local));
    }
  }
  sink = local;
  (void)sink;
  peak.gbytes = read_gbytes();
  return peak;
}

}  // namespace vireo::command
