// Prints the GFLOP/s of one thread's fused multiply-adds over about 20 ms: what the machine gives at this moment.
// A bench round in which it moved was measured on a disturbed machine. Compiled by bench/run.py with plain `g++ -O2`.
#include <immintrin.h>

#include <chrono>
#include <cstdio>

namespace {

constexpr int kChains = 16;  // latency 4, two a cycle: eight chains would do

__attribute__((target("avx512f"))) double run_avx512(long steps) {
  __m512 sum[kChains], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
  for (auto& s : sum) s = b;
  for (long i = 0; i < steps; ++i)
#pragma GCC unroll 16
    for (auto& s : sum) s = _mm512_fmadd_ps(s, a, b);
  for (int i = 1; i < kChains; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  volatile float sink = _mm512_reduce_add_ps(sum[0]);
  (void)sink;
  return 2.0 * 16 * kChains * steps;
}

__attribute__((target("avx2,fma"))) double run_avx2(long steps) {
  __m256 sum[kChains - 4], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
  for (auto& s : sum) s = b;
  for (long i = 0; i < steps; ++i)
#pragma GCC unroll 12
    for (auto& s : sum) s = _mm256_fmadd_ps(s, a, b);
  for (int i = 1; i < kChains - 4; ++i) sum[0] = _mm256_add_ps(sum[0], sum[i]);
  volatile float sink = _mm256_cvtss_f32(sum[0]);
  (void)sink;
  return 2.0 * 8 * (kChains - 4) * steps;
}

}  // namespace

int main() {
  const bool wide = __builtin_cpu_supports("avx512f");
  if (!wide && !__builtin_cpu_supports("avx2")) return 1;
  const auto work = wide ? run_avx512 : run_avx2;
  work(100000);  // out of the low-power state
  const auto start = std::chrono::steady_clock::now();
  double flop = 0, seconds = 0;
  while (seconds < 0.02) {
    flop += work(100000);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::printf("%.2f\n", flop / seconds * 1e-9);
}
