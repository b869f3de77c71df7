// Indices as the moving kernels read them: i32 or i64, negative ones from the end.
#pragma once

#include <cstring>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu {

// Element i of a tensor of indices.
inline int64_t plain_index(const void* index, DataType type, int64_t i) {
  return type == DataType::i32 ? static_cast<const int32_t*>(index)[i]
                               : static_cast<const int64_t*>(index)[i];
}

// The same brought into [0, extent), or -1.
inline int64_t index_at(const void* index, DataType type, int64_t i, int64_t extent) {
  int64_t at = plain_index(index, type, i);
  if (at < 0) at += extent;
  return at >= 0 && at < extent ? at : -1;
}

// Moves an element or a run of them; no source gives zeros.
inline void move_row(char* dst, const char* src, int64_t bytes) {
  const auto element = [&](auto value) {
    if (src) std::memcpy(&value, src, sizeof(value));
    std::memcpy(dst, &value, sizeof(value));
  };
  switch (bytes) {
    case 1: return element(uint8_t{});
    case 2: return element(uint16_t{});
    case 4: return element(uint32_t{});
    case 8: return element(uint64_t{});
    default:
      if (src)
        std::memcpy(dst, src, static_cast<size_t>(bytes));
      else
        std::memset(dst, 0, static_cast<size_t>(bytes));
  }
}

}  // namespace vireo::cpu
