#include "ops/text/prepared.h"

namespace vireo::ops {

Hash128 mark_of(const EvalContext& c, size_t first, size_t last) {
  constexpr size_t kSmall = 4096, kSamples = 32, kSample = 64;
  Hasher hasher;
  for (size_t i = first; i < last; ++i) {
    const Tensor& tensor = c.input(i);
    const size_t size = tensor.get_byte_size();
    const char* data = static_cast<const char*>(tensor.data());
    hasher.u64(size);
    if (size <= kSmall) {
      hasher.bytes(data, size);
      continue;
    }
    hasher.u64(uint64_t(reinterpret_cast<uintptr_t>(data)));
    for (size_t s = 0; s < kSamples; ++s)
      hasher.bytes(data + (size - kSample) / (kSamples - 1) * s, kSample);
  }
  return hasher.finish();
}

}  // namespace vireo::ops
