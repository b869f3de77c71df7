// CPUID, XGETBV and the tile permission, read once.
#include "base/arch/isa_text.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/support/error.h"

namespace vireo {
namespace {

constexpr uint32_t bit(Isa isa) { return 1u << static_cast<int>(isa); }

struct Tier {
  const char* name;
  uint32_t implies;  // directly; the table is in order of implication
};
constexpr Tier kTiers[kIsaCount] = {
    {"scalar", 0},
    {"avx2", bit(Isa::Scalar)},
    {"avx2_vnni", bit(Isa::Avx2)},
    {"avx512", bit(Isa::Avx2)},
    {"avx512_vnni", bit(Isa::Avx512)},
    {"avx512_bf16", bit(Isa::Avx512Vnni)},
    {"avx512_fp16", bit(Isa::Avx512Bf16)},
    {"amx_int8", bit(Isa::Avx512Vnni)},
    {"amx_bf16", bit(Isa::AmxInt8) | bit(Isa::Avx512Bf16)},
};

uint32_t closure(int tier) {
  uint32_t bits = 1u << tier;
  for (int i = tier; i >= 0; --i) {
    if (bits >> i & 1) bits |= kTiers[i].implies;
  }
  return bits;
}

#ifdef __x86_64__

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

uint64_t enabled_states() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

bool all(uint32_t word, std::initializer_list<int> bits) {
  for (int b : bits) {
    if (!(word >> b & 1)) return false;
  }
  return true;
}

// Linux gives the 8 KiB of tile state only to processes that ask.
bool tiles_granted() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

uint32_t detect() {
  const Registers one = cpuid(1), seven = cpuid(7), seven_one = cpuid(7, 1);
  if (!all(one.ecx, {12, 27, 28, 29}) || !all(seven.ebx, {3, 5, 8})) return bit(Isa::Scalar);
  const uint64_t states = enabled_states();
  if ((states & 0x6) != 0x6) return bit(Isa::Scalar);
  uint32_t bits = bit(Isa::Scalar) | bit(Isa::Avx2);
  if (seven_one.eax >> 4 & 1) bits |= bit(Isa::Avx2Vnni);
  if ((states & 0xe6) != 0xe6 || !all(seven.ebx, {16, 17, 28, 30, 31})) return bits;
  bits |= bit(Isa::Avx512);
  const bool vnni = seven.ecx >> 11 & 1, bf16 = seven_one.eax >> 5 & 1, fp16 = seven.edx >> 23 & 1;
  if (vnni) bits |= bit(Isa::Avx512Vnni);
  if (vnni && bf16) bits |= bit(Isa::Avx512Bf16);
  if (vnni && bf16 && fp16) bits |= bit(Isa::Avx512Fp16);
  if (vnni && all(seven.edx, {24, 25}) && (states & 0x60000) == 0x60000 && tiles_granted()) {
    bits |= bit(Isa::AmxInt8);
    if (bf16 && (seven.edx >> 22 & 1)) bits |= bit(Isa::AmxBf16);
  }
  return bits;
}

// Leaf 4 (Intel) and leaf 0x8000001d (AMD) have one form. The C library's figure for the L3 is that
// of the whole package.
void read_caches(CacheSizes* sizes) {
  const uint32_t leaf =
      cpuid(0x80000000).eax >= 0x8000001d && (cpuid(0x80000001).ecx >> 22 & 1) ? 0x8000001d : 4;
  for (uint32_t i = 0; i < 8; ++i) {
    const Registers r = cpuid(leaf, i);
    const uint32_t type = r.eax & 31, level = r.eax >> 5 & 7;
    if (type == 0) return;
    if (type == 2) continue;  // instructions
    const size_t size =
        size_t{(r.ebx >> 22) + 1} * ((r.ebx >> 12 & 1023) + 1) * ((r.ebx & 4095) + 1) * (r.ecx + 1);
    if (level == 1) sizes->l1 = size;
    if (level == 2) sizes->l2 = size;
    if (level == 3) sizes->l3 = size;
  }
}

std::string cpu_name() {
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002 + i);
    const uint32_t words[4] = {r.eax, r.ebx, r.ecx, r.edx};
    std::memcpy(text + 16 * i, words, 16);
  }
  std::string name = text;
  name.erase(0, name.find_first_not_of(' ') == std::string::npos ? name.size()
                                                                 : name.find_first_not_of(' '));
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
}

#else

uint32_t detect() { return bit(Isa::Scalar); }
std::string cpu_name() { return "cpu"; }
void read_caches(CacheSizes*) {}

#endif

constexpr uint32_t kNoCap = 0xffffffff;
// 0 until the environment was read.
std::atomic<uint32_t> g_cap{0};

uint32_t cap() {
  uint32_t bits = g_cap.load(std::memory_order_acquire);
  if (bits == 0) {
    const char* text = std::getenv("VIREO_CPU_ISA");
    bits = text ? parse_isa_cap(text).bits() : kNoCap;
    uint32_t unread = 0;
    if (!g_cap.compare_exchange_strong(unread, bits)) bits = unread;
  }
  return bits;
}

}  // namespace

IsaSet machine_isa() {
  static const uint32_t bits = detect();
  return IsaSet(bits);
}

IsaSet active_isa() { return IsaSet(machine_isa().bits() & cap()); }

void set_isa_cap(std::string_view text) {
  g_cap.store(parse_isa_cap(text).bits(), std::memory_order_release);
}

IsaSet parse_isa_cap(std::string_view text) {
  uint32_t bits = 0;
  bool first = true;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const bool minus = !item.empty() && item[0] == '-';
    if (minus) item.remove_prefix(1);
    Isa isa;
    if (!isa_from_name(item, &isa)) {
      fail(ErrorCode::InvalidArgument,
           "VIREO_CPU_ISA: '{}' is no instruction set; known are scalar, avx2, avx2_vnni, avx512, "
           "avx512_vnni, avx512_bf16, avx512_fp16, amx_int8, amx_bf16",
           item);
    }
    if (first && minus) bits = kNoCap;
    first = false;
    if (!minus) {
      bits |= closure(static_cast<int>(isa));
      continue;
    }
    for (int i = 1; i < kIsaCount; ++i) {
      if (closure(i) & bit(isa)) bits &= ~(1u << i);
    }
  }
  return IsaSet(first ? kNoCap : bits | bit(Isa::Scalar));
}

const char* isa_name(Isa isa) { return kTiers[static_cast<int>(isa)].name; }

bool isa_from_name(std::string_view name, Isa* isa) {
  for (int i = 0; i < kIsaCount; ++i) {
    if (name == kTiers[i].name) {
      *isa = static_cast<Isa>(i);
      return true;
    }
  }
  return false;
}

std::string isa_string() {
  std::string text = cpu_name() + ":";
  const IsaSet active = active_isa(), machine = machine_isa();
  std::string capped;
  for (int i = 0; i < kIsaCount; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (active.has(isa))
      text += std::string(" ") + isa_name(isa);
    else if (machine.has(isa))
      capped += std::string(" ") + isa_name(isa);
  }
  return capped.empty() ? text : text + " (capped:" + capped + ")";
}

const char* isa_refusal(Isa isa) {
  if (active_isa().has(isa)) return nullptr;
  return machine_isa().has(isa) ? "capped by VIREO_CPU_ISA" : "not offered by this machine";
}

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = [] {
    CacheSizes s;
    read_caches(&s);
    return s;
  }();
  return sizes;
}

}  // namespace vireo
