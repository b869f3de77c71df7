// Prints how fast compressed weights are read by few rows, as GB/s and as a share of what plain
// loads read from memory in the same run, at one and two threads; and GFLOP/s of many rows.
#include <memory>

#include "base/support/aligned_buffer.h"
#include "base/threads/team.h"
#include "devices/cpu/kernels/compressed/compressed.h"
#include "devices/cpu/kernels/vector_bench.h"

namespace vireo::cpu {
namespace {

struct Form {
  const char* name;
  Coding coding;
  WeightZero zero;
  int64_t group;
};
constexpr Form kForms[] = {{"u4 g32", Coding::Bits4, WeightZero::Codes, 32},
                           {"u4 g64", Coding::Bits4, WeightZero::Codes, 64},
                           {"i4 g32", Coding::Bits4, WeightZero::Constant, 32},
                           {"i4 g128", Coding::Bits4, WeightZero::Constant, 128},
                           {"q6_k", Coding::Bits6, WeightZero::Constant, 16},
                           {"i8", Coding::Bits8, WeightZero::Constant, 0},
                           {"bf16", Coding::Bf16, WeightZero::Constant, 0}};

// More than the caches hold, in several matrices as a model has them.
constexpr size_t kModelBytes = size_t(192) << 20;

// The best of some rounds over `bytes`, cut among the threads.
template <typename Work>
double best_seconds(int threads, int rounds, Work work) {
  Team team(threads);
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const double start = bench::seconds();
    team.run(threads, [&](int begin, int end, int) {
      for (int i = begin; i < end; ++i) work(i);
    });
    best = std::min(best, bench::seconds() - start);
  }
  return best;
}

double plain_rate(const AlignedBuffer& data, int threads) {
  const size_t share = kModelBytes / size_t(threads) / 4096 * 4096;
  const double time = best_seconds(threads, 9, [&](int i) {
    const auto* p = reinterpret_cast<const uint64_t*>(data.data() + size_t(i) * share);
    uint64_t sums[8] = {};
    for (size_t at = 0; at < share / 8; at += 8)
      for (size_t j = 0; j < 8; ++j) sums[j] += p[at + j];
    for (uint64_t& s : sums) __asm__ volatile("" : "+r"(s));
  });
  return double(share) * threads / time * 1e-9;
}

void measure(const Form& form, const AlignedBuffer& data, const IsaSet& isa, int64_t m,
             int64_t quantised, int threads, double plain) {
  CompressedDesc d;
  d.m = m, d.n = 4096, d.k = 4096, d.a_row = d.k, d.c_row = d.n;
  d.format.coding = form.coding;
  d.format.zero_kind = form.zero;
  d.format.group = form.group;
  d.format.zero = 8;
  d.quantised_group = quantised;
  d.many_type = m > kFewRows && quantised ? DataType::bf16 : DataType::f32;
  const CompressedPlan plan = plan_compressed(d, isa);
  const size_t bytes = packed_bytes(plan.layout), matrices = m > kFewRows ? 1 : kModelBytes / bytes;
  const auto a = bench::random_floats(m * d.k);
  std::vector<float> c(size_t(m * d.n));
  std::vector<AlignedBuffer> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(plan.scratch_bytes + 64);
  AlignedBuffer prepared(plan.prepared_bytes + 64);
  const double time = best_seconds(threads, m > kFewRows ? 3 : 9, [&](int i) {
    for (size_t w = 0; w < matrices; ++w) {
      if (plan.prepared_bytes)
        prepare_compressed(plan, a.data(), prepared.data(), part_begin(m, threads, i),
                           part_begin(m, threads, i + 1));
      run_compressed(plan,
                     {a.data(), data.data() + w * bytes, c.data(), nullptr, nullptr,
                      plan.prepared_bytes ? prepared.data() : nullptr},
                     part_begin(plan.tasks, threads, i), part_begin(plan.tasks, threads, i + 1),
                     scratch[size_t(i)].data());
    }
  });
  const char* how = quantised ? (m > kFewRows ? "bf16" : "i8") : "f32";
  if (m > kFewRows)
    std::printf("  %-8s x %-4s m %-3lld %d threads %8.1f GFLOP/s\n", form.name, how, (long long)m,
                threads, 2e-9 * double(m * d.n * d.k) / time);
  else
    std::printf(
        "  %-8s x %-4s m %-3lld %d threads %8.1f GB/s %5.1f %% of plain loads, %5.2f bits a "
        "weight\n",
        form.name, how, (long long)m, threads, double(matrices * bytes) / time * 1e-9,
        double(matrices * bytes) / time * 1e-7 / plain, 8.0 * double(bytes) / double(d.n * d.k));
}

}  // namespace
}  // namespace vireo::cpu

int main(int argc, char** argv) {
  using namespace vireo::cpu;
  vireo::AlignedBuffer data(kModelBytes + (size_t(1) << 20));
  // Small numbers as scales of any type, and codes that vary.
  for (size_t i = 0; i < data.size(); ++i) data.data()[i] = uint8_t(i * 2654435761u >> 13 & 0x37);
  for (const char* tier : {"avx2", "avx512", "avx512_bf16"}) {
    vireo::Isa isa = vireo::Isa::Scalar;
    if (!vireo::isa_from_name(tier, &isa) || !vireo::machine_isa().has(isa)) continue;
    if (argc > 1 && std::string(argv[1]) != tier) continue;
    for (int threads : {1, 2}) {
      const double plain = plain_rate(data, threads);
      std::printf("%s, %d threads: plain loads read %.1f GB/s\n", tier, threads, plain);
      for (const Form& form : kForms)
        for (int64_t m : {int64_t(1), int64_t(4), int64_t(8), int64_t(512)})
          for (int64_t quantised : {int64_t(0), int64_t(32)})
            measure(form, data, vireo::parse_isa_cap(tier), m, quantised, threads, plain);
    }
  }
}
