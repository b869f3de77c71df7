// Instruction-set tiers: what this machine has, what the user allows of it, and why the rest was
// refused.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {

// A tier is a cluster of CPUID bits that real machines have together; kernels are compiled per
// tier.
enum class Isa : uint8_t {
  Scalar,
  Avx2,  // + FMA, F16C, BMI2
  Avx2Vnni,
  Avx512,  // F, BW, DQ, VL, CD; implies avx2
  Avx512Vnni,
  Avx512Bf16,
  Avx512Fp16,
  AmxInt8,  // implies avx512_vnni
  AmxBf16,  // implies avx512_bf16
};
constexpr int kIsaCount = 9;

class IsaSet {
 public:
  constexpr IsaSet() = default;
  constexpr explicit IsaSet(uint32_t bits) : bits_(bits) {}
  constexpr bool has(Isa isa) const { return (bits_ >> static_cast<int>(isa)) & 1; }
  constexpr uint32_t bits() const { return bits_; }

 private:
  uint32_t bits_ = 1;
};

// What CPUID and the operating system offer. AMX counts only if the kernel granted the tile data.
IsaSet machine_isa();
// The machine's tiers under the cap of VIREO_CPU_ISA, or of set_isa_cap if that was called.
// Throws InvalidArgument if the variable names an unknown tier.
IsaSet active_isa();
inline bool has(Isa isa) { return active_isa().has(isa); }

const char* isa_name(Isa isa);  // "avx512_bf16"
// Why a tier is not active, for the dispatch log: "not in the cpu", "capped by avx2"; nullptr if it
// is active.
const char* isa_refusal(Isa isa);

struct CacheSizes {
  size_t l1 = 32 << 10;  // data, per core
  size_t l2 = 1 << 20;   // per core
  size_t l3 = 16 << 20;  // as seen by one core
};
const CacheSizes& cache_sizes();

// Why a kernel was not taken. A value; the text is static, because kernels have no strings.
struct KernelRefusal {
  const char* kernel = nullptr;
  const char* reason = nullptr;
  explicit operator bool() const { return reason != nullptr; }
};

}  // namespace vireo
