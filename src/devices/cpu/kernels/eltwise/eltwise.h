// Fused element-wise chains: a small program of vector primitives that runs over strips of a few
// KiB in L1. Everything is computed in f32; inputs and outputs may be stored in other types. All
// shapes are known when the plan is made.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

enum class EltwiseOp : uint8_t {
#define VIREO_ELTWISE(name, operands, expression) name,
#include "devices/cpu/kernels/eltwise/ops.inc"
#undef VIREO_ELTWISE
};
#define VIREO_ELTWISE(name, operands, expression) +1
constexpr int kEltwiseOpCount = 0
#include "devices/cpu/kernels/eltwise/ops.inc"
    ;
#undef VIREO_ELTWISE

constexpr int kEltwiseRank = 8;  // of a program; at most 6 may remain once dimensions are collapsed
constexpr int kEltwiseInputs = 16;
constexpr int kEltwiseSteps = 32;
constexpr int kEltwiseOutputs = 4;
constexpr int kEltwiseRegisters = 16;
constexpr int kEltwiseConstants = 48;

// Value ids: 0 .. inputs - 1 are the inputs, inputs + i is the result of step i.
struct EltwiseStep {
  EltwiseOp op = EltwiseOp::copy;
  int16_t src[5] = {};  // value ids; -1 - k stands for the constant imm[k]
  float imm[5] = {};    // constants, or the parameters of functions of one argument (see ops.inc)
};

// Strides are in elements along the program's dims; 0 broadcasts. The innermost stride of an output
// must be 1 (or its extent 1).
struct EltwiseInput {
  DataType type = DataType::f32;
  int64_t strides[kEltwiseRank] = {};
};
struct EltwiseOutput {
  DataType type = DataType::f32;
  int16_t value = 0;
  int64_t strides[kEltwiseRank] = {};
};

struct EltwiseProgram {
  int rank = 0;
  int64_t dims[kEltwiseRank] = {};  // the shape of the outputs
  int inputs = 0, steps = 0, outputs = 0;
  EltwiseInput input[kEltwiseInputs];
  EltwiseStep step[kEltwiseSteps];
  EltwiseOutput output[kEltwiseOutputs];
};

// Where an operand lies while a strip is computed; mask 0 repeats the first vector (constants and
// scalars).
struct EltwiseOperand {
  const float* data;
  int64_t mask;
};

// The primitives of one instruction set.
struct EltwiseTable {
  void (*map[kEltwiseOpCount])(float* dst, const EltwiseOperand* src, int64_t n,
                               const float* params);
  void (*load[kDataTypeCount])(float* dst, const void* src, int64_t n);
  void (*store[kDataTypeCount])(void* dst, const float* src, int64_t n);
};

struct EltwisePlan {
  int64_t tasks = 0;  // strips
  size_t scratch_bytes = 0;
  const EltwiseTable* table = nullptr;
  EltwiseProgram
      program;  // collapsed and simplified; constants are value ids -1 - index into `constants`
  int64_t rows_per_strip = 1, cols_per_strip = 1, row_blocks = 1, col_blocks = 1;
  enum class Access : uint8_t { scalar, in_place, tiled, copied } access[kEltwiseInputs];
  int16_t registers = 0;
  int16_t input_register[kEltwiseInputs];  // of tiled and copied inputs
  int16_t step_register[kEltwiseSteps];
  int16_t output_in_place = -1;  // the output that the last step writes directly
  int16_t constants_used = 0;
  alignas(64) float constants[kEltwiseConstants][16];
};

struct EltwiseArgs {
  const void* src[kEltwiseInputs];
  void* dst[kEltwiseOutputs];
};

// Plans a program; false if it does not fit (too many values alive at once, too many dimensions
// left): split it then. An output may alias an input of the same type and strides.
bool plan_eltwise(const EltwiseProgram& program, const IsaSet& isa, EltwisePlan* plan);
void run_eltwise(const EltwisePlan& plan, const EltwiseArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept;

const char* name_of(EltwiseOp op);

#define VIREO_ELTWISE_TABLE(isa, tier) \
  namespace isa {                      \
  const EltwiseTable& eltwise_table(); \
  }
#include "devices/cpu/kernels/eltwise/kernels.inc"
#undef VIREO_ELTWISE_TABLE

}  // namespace vireo::cpu
