// Recurrent layers: LSTM, GRU and RNN over whole sequences or one position. All f32.
//
// The caller multiplies the inputs of all positions with their weights at once (one GEMM, biases
// added); what is left, the recurrence, is here: per position a product of the state with packed
// weights, and the gates' functions while the sums are still in registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

enum class RnnActivation : uint8_t {
  sigmoid,
  tanh,
  relu,
  hard_sigmoid,
  elu,
  softsign,
  softplus,
  leaky_relu,
  affine,
  scaled_tanh,
  thresholded_relu
};

struct RnnFunction {
  RnnActivation kind = RnnActivation::tanh;
  // hard_sigmoid, affine: alpha * x + beta; scaled_tanh: alpha * tanh(beta * x); elu, leaky_relu
  // and thresholded_relu: alpha
  float alpha = 0, beta = 0;
};

// Gates, in the order of their blocks of `hidden` rows in the weights:
//   lstm        f, i, c, o   C = f * C + i * c; H = o * g(C)
//   gru         z, r, n      n = g(x_n + R_n (r * H)); H = (1 - z) * n + z * H
//   gru_linear  z, r, n      n = g(x_n + r * (R_n H + bias)): linear before reset
//   rnn         n            H = g(x + R H)
enum class RnnCell : uint8_t { lstm, gru, gru_linear, rnn };
constexpr int kRnnCells = 4;
constexpr int rnn_gates(RnnCell cell) {
  return cell == RnnCell::lstm ? 4 : cell == RnnCell::rnn ? 1 : 3;
}

struct RnnDesc {
  RnnCell cell = RnnCell::lstm;
  // lstm: gates, cell, output; gru: gates, candidate; rnn: the one.
  RnnFunction functions[3];
  float clip = 0;  // pre-activations are clamped to +-clip; 0: not
  int64_t batch = 0, length = 1, directions = 1, hidden = 0;
  bool reverse = false;  // the first direction runs backwards; the second always does
  DataType length_type = DataType::i32;  // or i64
};

struct RnnArgs {
  const float* x;      // [batch, length, directions, gates * hidden]: products of the inputs + bias
  const float* r;      // packed by pack_rnn, direction by direction
  const float* bias;   // gru_linear: [directions, hidden], added before r multiplies; else nullptr
  const float* state;  // [batch, directions, hidden]
  const float* cell;   // the same, lstm
  const void* lengths;  // [batch]: a row's positions from there on are zero; nullptr: all full
  float* y;             // [batch, directions, length, hidden]
  float* last;       // [batch, directions, hidden]: the state behind the last position, or nullptr
  float* last_cell;  // the same, lstm
  float* gates;      // gru: [batch, directions, 2 * hidden], what its first half-step leaves
};

struct RnnKernel;
const RnnKernel& get_rnn_kernel(const IsaSet& isa, const char** name = nullptr);

// Floats of one direction's packed weights; r [gates * hidden, hidden] is packed once.
int64_t rnn_packed_size(const RnnKernel& kernel, RnnCell cell, int64_t hidden);
void pack_rnn(const RnnKernel& kernel, RnnCell cell, int64_t hidden, const float* r, float* packed);

// Either one step whose tasks are directions and parts of the batch, or, where that would leave
// threads idle, steps by position whose tasks are parts of the state.
struct RnnPlan {
  RnnDesc desc;
  const RnnKernel* kernel = nullptr;
  int64_t steps = 1;  // run one after the other; each has `tasks`
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  int64_t row_parts = 0;  // 0: by position
};
RnnPlan plan_rnn(const RnnDesc& desc, const RnnKernel& kernel, int threads);
void run_rnn(const RnnPlan& plan, const RnnArgs& args, int64_t step, int64_t task_begin,
             int64_t task_end) noexcept;

}  // namespace vireo::cpu
