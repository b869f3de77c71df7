// Look-ups one by one.
#include "devices/cpu/kernels/table/table.h"

namespace vireo::cpu::scalar {

void look_up(const uint8_t* table, const uint8_t* src, uint8_t* dst, int64_t n) {
  for (int64_t i = 0; i < n; ++i) dst[i] = table[src[i]];
}

}  // namespace vireo::cpu::scalar
