// Philox 4x32-10, the counter-based generator of Salmon et al. (2011): equal seeds give equal
// numbers on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <random>

namespace vireo::ops {

class Philox {
 public:
  // Both seeds 0 ask for numbers that nobody can foretell.
  Philox(uint64_t global_seed, uint64_t op_seed) : key_(global_seed), counter_high_(op_seed) {
    if (global_seed || op_seed) return;
    std::random_device device;
    key_ = uint64_t(device()) << 32 | device();
    counter_high_ = uint64_t(device()) << 32 | device();
  }

  uint32_t next() {
    if (used_ == 4) {
      refill();
      used_ = 0;
    }
    return block_[used_++];
  }
  uint64_t next64() {
    const uint64_t low = next();
    return low | uint64_t(next()) << 32;
  }
  // In [0, 1), 53 bits.
  double uniform() { return double(next64() >> 11) * 0x1p-53; }

 private:
  void refill() {
    uint32_t x[4] = {uint32_t(counter_), uint32_t(counter_ >> 32), uint32_t(counter_high_),
                     uint32_t(counter_high_ >> 32)};
    uint32_t k0 = uint32_t(key_), k1 = uint32_t(key_ >> 32);
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
      const uint64_t a = uint64_t(x[0]) * 0xD2511F53u, b = uint64_t(x[2]) * 0xCD9E8D57u;
      const uint32_t next[4] = {uint32_t(b >> 32) ^ x[1] ^ k0, uint32_t(b),
                                uint32_t(a >> 32) ^ x[3] ^ k1, uint32_t(a)};
      for (int i = 0; i < 4; ++i) x[i] = next[i];
    }
    for (int i = 0; i < 4; ++i) block_[size_t(i)] = x[i];
    ++counter_;
  }

  uint64_t key_, counter_high_, counter_ = 0;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace vireo::ops
