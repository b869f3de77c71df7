// Content hash of 128 bits, for cache keys and for comparing constants. Fast, stable across
// machines of one byte order, and not made to withstand somebody who looks for collisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vireo {

struct Hash128 {
  uint64_t low = 0, high = 0;

  friend bool operator==(const Hash128& a, const Hash128& b) {
    return a.low == b.low && a.high == b.high;
  }
  friend bool operator!=(const Hash128& a, const Hash128& b) { return !(a == b); }
  friend bool operator<(const Hash128& a, const Hash128& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
  std::string hex() const;  // 32 digits
};

// Takes bytes in pieces: the result depends on their concatenation, not on how it was cut.
class Hasher {
 public:
  explicit Hasher(uint64_t seed = 0);

  Hasher& bytes(const void* data, size_t size);
  Hasher& u64(uint64_t value) { return bytes(&value, sizeof value); }
  // With its length, so that ("ab", "c") and ("a", "bc") differ.
  Hasher& text(std::string_view value) {
    return u64(value.size()).bytes(value.data(), value.size());
  }
  Hash128 finish() const;

 private:
  static constexpr size_t kBlock = 64;
  struct Lane {
    uint64_t a, b;
  };
  static void mix_block(Lane* lanes, const uint8_t* block);

  Lane lanes_[4];
  uint8_t rest_[kBlock];
  uint64_t length_ = 0;
};

Hash128 hash128(const void* data, size_t size, uint64_t seed = 0);

// For hash tables: folds a value into a running 64-bit hash.
inline uint64_t hash_combine(uint64_t seed, uint64_t value) {
  uint64_t x = seed ^ (value * 0x9e3779b97f4a7c15ull);
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
  return x ^ (x >> 29);
}

}  // namespace vireo

template <>
struct std::hash<vireo::Hash128> {
  size_t operator()(const vireo::Hash128& h) const noexcept { return size_t(h.low ^ h.high); }
};
