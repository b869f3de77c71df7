// Lays buffers with known lifetimes into one block of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vireo::cpu {

inline constexpr size_t kArenaAlign = 64;
// Kernels may read this far past the end of a buffer.
inline constexpr size_t kArenaSlack = 128;

struct Lifetime {
  size_t bytes = 0;
  uint32_t first = 0, last = 0;  // steps, both inclusive
  size_t offset = 0;             // set by lay_out
};

// Greedy by size: each buffer goes to the lowest gap that no buffer alive at the same time covers.
// Returns the block's size.
size_t lay_out(std::vector<Lifetime>& buffers);

}  // namespace vireo::cpu
