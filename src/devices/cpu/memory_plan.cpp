// Greedy by size, as Pisarchyk and Lee, "Efficient memory management for deep neural net inference"
// (2020), found best.
#include "devices/cpu/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace vireo::cpu {

size_t lay_out(std::vector<Lifetime>& buffers) {
  std::vector<uint32_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return buffers[a].bytes > buffers[b].bytes; });

  size_t total = 0;
  std::vector<uint32_t> laid;  // by offset
  for (uint32_t index : order) {
    Lifetime& buffer = buffers[index];
    const size_t need = (buffer.bytes + kArenaSlack + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
    size_t at = 0;
    for (uint32_t other : laid) {
      const Lifetime& o = buffers[other];
      if (o.last < buffer.first || buffer.last < o.first) continue;
      if (o.offset >= at + need) break;
      at = std::max(
          at, o.offset + (o.bytes + kArenaSlack + kArenaAlign - 1) / kArenaAlign * kArenaAlign);
    }
    buffer.offset = at;
    total = std::max(total, at + need);
    auto where = std::upper_bound(laid.begin(), laid.end(), index, [&](uint32_t a, uint32_t b) {
      return buffers[a].offset < buffers[b].offset;
    });
    laid.insert(where, index);
  }
  return total;
}

}  // namespace vireo::cpu
