// Four lanes of 128 bits, each fed sixteen bytes per round through a full 64x64 product.
#include "base/support/hash.h"

#include <cstring>

namespace vireo {

namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr uint64_t kOdd[5] = {0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, 0x165667b19e3779f9ull,
                              0xd6e8feb86659fd93ull, 0xa0761d6478bd642full};

uint64_t load(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

uint64_t rotate(uint64_t x, int n) { return (x << n) | (x >> (64 - n)); }

uint64_t avalanche(uint64_t x) {
  x = (x ^ (x >> 32)) * kOdd[3];
  x = (x ^ (x >> 29)) * kOdd[0];
  return x ^ (x >> 32);
}

}  // namespace

Hasher::Hasher(uint64_t seed) {
  for (int i = 0; i < 4; ++i)
    lanes_[i] = {avalanche(seed + kOdd[i]), avalanche(~seed + kOdd[i + 1])};
}

void Hasher::mix_block(Lane* lanes, const uint8_t* block) {
  for (int i = 0; i < 4; ++i) {
    const uint64_t v = load(block + 16 * i), w = load(block + 16 * i + 8);
    Lane& lane = lanes[i];
    const Wide product = Wide(v ^ lane.a) * (w ^ lane.b ^ kOdd[i]);
    // The words are added beside the product, so that a factor of zero loses nothing.
    const uint64_t a = uint64_t(product) + rotate(lane.b, 23) + w;
    lane.b = uint64_t(product >> 64) + rotate(lane.a, 41) * kOdd[4] + v;
    lane.a = a;
  }
}

Hasher& Hasher::bytes(const void* data, size_t size) {
  const uint8_t* p = static_cast<const uint8_t*>(data);
  const size_t filled = length_ % kBlock;
  length_ += size;
  if (filled != 0) {
    const size_t take = size < kBlock - filled ? size : kBlock - filled;
    if (take != 0) std::memcpy(rest_ + filled, p, take);
    if (filled + take < kBlock) return *this;
    mix_block(lanes_, rest_);
    p += take;
    size -= take;
  }
  Lane lanes[4];
  std::memcpy(lanes, lanes_, sizeof lanes);
  for (; size >= kBlock; p += kBlock, size -= kBlock) mix_block(lanes, p);
  std::memcpy(lanes_, lanes, sizeof lanes);
  if (size != 0) std::memcpy(rest_, p, size);
  return *this;
}

Hash128 Hasher::finish() const {
  Lane lanes[4];
  std::memcpy(lanes, lanes_, sizeof lanes);
  uint8_t last[kBlock] = {};
  std::memcpy(last, rest_, length_ % kBlock);
  mix_block(lanes, last);
  uint64_t low = length_ * kOdd[0], high = ~length_ * kOdd[1];
  for (const Lane& lane : lanes) {
    const Wide product = Wide(lane.a ^ low) * (lane.b ^ high ^ kOdd[2]);
    low = avalanche(low + lane.b + uint64_t(product));
    high = avalanche(high + rotate(lane.a, 32) + uint64_t(product >> 64));
  }
  return {low, high};
}

Hash128 hash128(const void* data, size_t size, uint64_t seed) {
  return Hasher(seed).bytes(data, size).finish();
}

std::string Hash128::hex() const {
  static const char* const kDigits = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[size_t(i)] = kDigits[(high >> (60 - 4 * i)) & 15];
    text[size_t(16 + i)] = kDigits[(low >> (60 - 4 * i)) & 15];
  }
  return text;
}

}  // namespace vireo
