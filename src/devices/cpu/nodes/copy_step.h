// Steps that copy between strided tensors.
#pragma once

#include "devices/cpu/kernels/copy/copy.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

// Byte strides of a dense tensor.
inline std::vector<int64_t> byte_strides(const Shape& shape, int64_t element_bytes) {
  std::vector<int64_t> s(shape.size());
  int64_t step = element_bytes;
  for (size_t i = shape.size(); i-- > 0;) {
    s[i] = step;
    step *= int64_t(shape[i]);
  }
  return s;
}

// Copies `shape` elements from one place to another; strides in bytes.
void copy_step(PlanContext& c, const char* kernel, const Shape& shape, Place src,
               const std::vector<int64_t>& src_strides, Place dst,
               const std::vector<int64_t>& dst_strides, int64_t element_bytes);

inline Place shifted(Place place, int64_t bytes) {
  place.offset += uint64_t(bytes);
  return place;
}

}  // namespace vireo::cpu
