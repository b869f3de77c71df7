// Sizes that come from untrusted bytes: additions and products that notice overflow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/support/span.h"

namespace vireo {

inline std::optional<size_t> checked_add(size_t a, size_t b) {
  size_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

inline std::optional<size_t> checked_mul(size_t a, size_t b) {
  size_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// The product of extents. Nothing if one is negative or the product of the others does not fit,
// even beside a zero.
std::optional<size_t> checked_product(span<const int64_t> extents);
std::optional<size_t> checked_product(span<const size_t> extents);

// The least multiple of a power of two that holds size.
inline std::optional<size_t> checked_round_up(size_t size, size_t multiple) {
  const std::optional<size_t> sum = checked_add(size, multiple - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(multiple - 1);
}

// True if [offset, offset + length) lies in [0, size).
inline bool range_fits(size_t offset, size_t length, size_t size) {
  return offset <= size && length <= size - offset;
}

// The same, for where there is nobody to ask: fail with OutOfMemory, and a message that starts with
// `what`.
size_t add_or_fail(size_t a, size_t b, const char* what);
size_t mul_or_fail(size_t a, size_t b, const char* what);

}  // namespace vireo
