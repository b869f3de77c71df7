// What this machine can do. `probe clock` prints the GFLOP/s of one thread's f32 multiply-adds over
// about 20 ms: a round of the bench in which it moved was measured on a disturbed machine. `probe
// peaks THREADS` prints a JSON object of peaks of that many threads at once: arithmetic in GFLOP/s
// or GOP/s, reading from L2 and from DRAM in GB/s; what the machine lacks is left out. Compiled by
// bench/run.py with plain `g++ -O2 -pthread`.
#include <immintrin.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Each runs `steps` rounds of CHAINS independent accumulations and returns the operations done.
// Chains cover the latency of two units; the sum is handed to an empty statement, so that the loop
// stays.
#define VIREO_PEAK(NAME, TARGET, VECTOR, CHAINS, START, STEP, WORK)                         \
  __attribute__((target(TARGET))) double NAME(long steps) {                                 \
    VECTOR sum[CHAINS];                                                                     \
    for (auto& s : sum) s = START;                                                          \
    const auto a = START;                                                                   \
    for (long i = 0; i < steps; ++i) _Pragma("GCC unroll 16") for (auto& s : sum) s = STEP; \
    for (auto& s : sum) asm volatile("" : : "x"(s));                                        \
    return static_cast<double>(WORK) * (CHAINS) * static_cast<double>(steps);               \
  }

VIREO_PEAK(f32_avx512, "avx512f", __m512, 16, _mm512_set1_ps(0.5f), _mm512_fmadd_ps(s, a, a),
           2 * 16)
VIREO_PEAK(f32_avx2, "avx2,fma", __m256, 12, _mm256_set1_ps(0.5f), _mm256_fmadd_ps(s, a, a), 2 * 8)
VIREO_PEAK(bf16_avx512, "avx512bf16,avx512f", __m512, 16, _mm512_set1_ps(0.5f),
           _mm512_dpbf16_ps(s, (__m512bh)a, (__m512bh)a), 2 * 32)
VIREO_PEAK(int8_avx512, "avx512vnni,avx512f", __m512i, 16, _mm512_set1_epi8(3),
           _mm512_dpbusd_epi32(s, a, a), 2 * 64)
VIREO_PEAK(int8_avx2, "avxvnni,avx2", __m256i, 12, _mm256_set1_epi8(3),
           _mm256_dpbusd_avx_epi32(s, a, a), 2 * 32)
#undef VIREO_PEAK

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t columns[16] = {};
  uint8_t rows[16] = {};
};

// Tiles of dense random data: the rate on zeros is one that no network sees.
__attribute__((target("amx-tile"))) void load_tiles(const uint8_t* data) {
  TileConfig config;
  for (int i = 0; i < 8; ++i) config.rows[i] = 16, config.columns[i] = 64;
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, data, 64);
  _tile_loadd(5, data + 1024, 64);
  _tile_loadd(6, data + 2048, 64);
  _tile_loadd(7, data + 3072, 64);
}

#define VIREO_AMX_PEAK(NAME, TARGET, PRODUCT, DEPTH)                        \
  __attribute__((target("amx-tile," TARGET))) double NAME(long steps) {     \
    static uint8_t data[4096];                                              \
    /* bytes of small positive bf16 numbers: 0x3dXX, low byte at random */  \
    for (int i = 0; i < 4096; ++i)                                          \
      data[i] = i % 2 ? 0x3d : static_cast<uint8_t>(i * 2654435761u >> 13); \
    load_tiles(data);                                                       \
    for (long i = 0; i < steps; ++i) {                                      \
      PRODUCT(0, 4, 6);                                                     \
      PRODUCT(1, 4, 7);                                                     \
      PRODUCT(2, 5, 6);                                                     \
      PRODUCT(3, 5, 7);                                                     \
    }                                                                       \
    _tile_release();                                                        \
    return 4.0 * 2 * 16 * 16 * (DEPTH) * static_cast<double>(steps);        \
  }

VIREO_AMX_PEAK(bf16_amx, "amx-bf16", _tile_dpbf16ps, 32)
VIREO_AMX_PEAK(int8_amx, "amx-int8", _tile_dpbusd, 64)
#undef VIREO_AMX_PEAK

__attribute__((target("avx512f"))) void read_avx512(const char* data, size_t bytes) {
  __m512i sum[4] = {};
  for (size_t i = 0; i < bytes; i += 256)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j)
      sum[j] = _mm512_or_si512(sum[j], _mm512_load_si512(data + i + 64 * j));
  for (auto& s : sum) asm volatile("" : : "x"(s));
}

__attribute__((target("avx2"))) void read_avx2(const char* data, size_t bytes) {
  __m256i sum[4] = {};
  for (size_t i = 0; i < bytes; i += 128)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j)
      sum[j] = _mm256_or_si256(
          sum[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(data + i + 32 * j)));
  for (auto& s : sum) asm volatile("" : : "x"(s));
}

// The kernel hands out the tiles' registers on request alone.
bool amx_granted() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// What cpuid says in the word `edx` of leaf 7 (g++ 12 has no name for these).
bool has_leaf7(int bit) {
  unsigned a = 7, b = 0, c = 0, d = 0;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return d >> bit & 1;
}

bool has_avx_vnni() {
  unsigned a = 7, b = 0, c = 1, d = 0;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return a >> 4 & 1;
}

// One thread's rate in 1e9 operations a second, over `span` seconds, best of three parts.
double rate(const std::function<double()>& work, double span) {
  work();  // out of the low-power state, and the data into its cache
  double best = 0;
  for (int part = 0; part < 3; ++part) {
    double done = 0, seconds = 0;
    const auto start = Clock::now();
    while (seconds < span / 3) {
      done += work();
      seconds = seconds_since(start);
    }
    best = std::max(best, done / seconds);
  }
  return best * 1e-9;
}

// The sum of the rates of `threads` threads that start together.
double together(int threads, const std::function<std::function<double()>()>& make) {
  std::vector<std::thread> team;
  std::vector<double> rates(threads);
  std::atomic<int> waiting{threads};
  for (int i = 0; i < threads; ++i)
    team.emplace_back([&, i] {
      const auto work = make();
      for (--waiting; waiting > 0;) std::this_thread::yield();
      rates[i] = rate(work, 0.09);
    });
  double sum = 0;
  for (int i = 0; i < threads; ++i) team[i].join(), sum += rates[i];
  return sum;
}

std::function<std::function<double()>()> arithmetic(double (*peak)(long)) {
  return [peak] { return [peak] { return peak(20000); }; };
}

// Reads `bytes` of its own again and again; operations are bytes.
std::function<std::function<double()>()> reading(size_t bytes, bool wide) {
  return [=]() -> std::function<double()> {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::exit(1);
    std::memset(memory, 1, bytes);
    return [=] {
      (wide ? read_avx512 : read_avx2)(static_cast<const char*>(memory), bytes);
      return static_cast<double>(bytes);
    };
  };
}

void print_peaks(int threads, bool wide) {
  std::string json = "{\"threads\": " + std::to_string(threads);
  const auto say = [&](const char* name, double value) {
    char text[64];
    std::snprintf(text, sizeof text, ", \"%s\": %.1f", name, value);
    json += text;
  };
  say("f32", together(threads, arithmetic(wide ? f32_avx512 : f32_avx2)));
  if (__builtin_cpu_supports("avx512bf16")) say("bf16", together(threads, arithmetic(bf16_avx512)));
  if (__builtin_cpu_supports("avx512vnni"))
    say("int8", together(threads, arithmetic(int8_avx512)));
  else if (has_avx_vnni())
    say("int8", together(threads, arithmetic(int8_avx2)));
  if (has_leaf7(24) && amx_granted()) {
    if (has_leaf7(22)) say("amx_bf16", together(threads, arithmetic(bf16_amx)));
    if (has_leaf7(25)) say("amx_int8", together(threads, arithmetic(int8_amx)));
  }
  say("l2", together(threads, reading(384 << 10, wide)));
  say("dram", together(threads, reading((size_t{1} << 30) / threads, wide)));
  std::puts((json + "}").c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const bool wide = __builtin_cpu_supports("avx512f");
  if (!wide && !__builtin_cpu_supports("avx2")) return 1;
  if (argc == 3 && std::strcmp(argv[1], "peaks") == 0) {
    print_peaks(std::max(1, std::atoi(argv[2])), wide);
    return 0;
  }
  std::printf("%.2f\n", rate([wide] { return (wide ? f32_avx512 : f32_avx2)(20000); }, 0.02));
}
