// Element-wise arithmetic of integers and booleans, one operator at a time: indices, shapes and
// masks. Everything is computed in i64 and wraps to the type of the result when it is stored.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo::cpu {

enum class TypedOp : uint8_t {
  convert,
  neg,
  abs,
  sign,
  bit_not,
  logical_not,
  add,
  sub,
  mul,
  div,
  floor_div,
  mod,
  floor_mod,
  min,
  max,
  pow,
  squared_difference,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
  logical_and,
  logical_or,
  logical_xor,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  select,  // condition, then, else
};

constexpr int kTypedRank = 8;

struct TypedOperand {
  DataType type = DataType::i64;  // i8, u8, i32, i64 or boolean; f32 only as the source of convert
  int64_t strides[kTypedRank] = {};  // in elements; 0 broadcasts
};

struct TypedPlan {
  int64_t tasks = 0;  // rows of the innermost dimension
  size_t scratch_bytes = 0;
  TypedOp op = TypedOp::convert;
  int operands = 1;
  int rank = 0;
  int64_t dims[kTypedRank] = {};
  TypedOperand src[3], dst;
};

struct TypedArgs {
  const void* src[3];
  void* dst;  // may be a source of the same type and strides
};

TypedPlan plan_typed(TypedOp op, int rank, const int64_t* dims, const TypedOperand* src,
                     const TypedOperand& dst);
// False if an integer was divided by zero; the result is 0 there.
bool run_typed(const TypedPlan& plan, const TypedArgs& args, int64_t task_begin, int64_t task_end,
               void* scratch) noexcept;

int operands_of(TypedOp op);

}  // namespace vireo::cpu
