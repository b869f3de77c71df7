// Products of extents and the failing forms of checked arithmetic.
#include "base/support/checked.h"

#include "base/support/error.h"

namespace vireo {

namespace {

template <typename T>
std::optional<size_t> product(span<const T> extents) {
  size_t result = 1;
  bool zero = false;
  for (T extent : extents) {
    if (extent < T(0)) return std::nullopt;
    if (extent == T(0)) {
      zero = true;
      continue;
    }
    if (__builtin_mul_overflow(result, size_t(extent), &result)) return std::nullopt;
  }
  return zero ? 0 : result;
}

}  // namespace

std::optional<size_t> checked_product(span<const int64_t> extents) { return product(extents); }
std::optional<size_t> checked_product(span<const size_t> extents) { return product(extents); }

size_t add_or_fail(size_t a, size_t b, const char* what) {
  const std::optional<size_t> sum = checked_add(a, b);
  if (!sum)
    fail(ErrorCode::OutOfMemory, "{}: the size {} + {} does not fit in 64 bits", what, a, b);
  return *sum;
}

size_t mul_or_fail(size_t a, size_t b, const char* what) {
  const std::optional<size_t> result = checked_mul(a, b);
  if (!result)
    fail(ErrorCode::OutOfMemory, "{}: the size {} x {} does not fit in 64 bits", what, a, b);
  return *result;
}

}  // namespace vireo
