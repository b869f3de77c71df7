// What the executors that read indices share.
#pragma once

#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

inline std::string refuse_index(const NodeView& node, size_t input) {
  const element::Type t = node.in_type(input);
  if (t != element::i32 && t != element::i64)
    return fmt::format("the kernel takes i32 or i64 indices, got {}", t.name());
  return needs_bytes(node);
}

inline DataType index_type(const NodeView& node, size_t input) {
  return node.in_type(input) == element::i32 ? DataType::i32 : DataType::i64;
}

}  // namespace vireo::cpu
