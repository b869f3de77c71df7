// The stored element types that the vector kernels read and write.
#pragma once

#include <cstdint>

namespace vireo::cpu {

enum class DataType : uint8_t { f32, f16, bf16, u8, i8, i32, i64, boolean };
constexpr int kDataTypeCount = 8;

constexpr int64_t size_of(DataType type) {
  return type == DataType::i64                             ? 8
         : type == DataType::f32 || type == DataType::i32  ? 4
         : type == DataType::f16 || type == DataType::bf16 ? 2
                                                           : 1;
}

}  // namespace vireo::cpu
