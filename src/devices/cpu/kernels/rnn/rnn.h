// The element-wise part of recurrent cells: what remains of LSTM, GRU and RNN once the products of
// input and state with their weights are there. All f32; rows of the batch have strides, elements
// of a row are contiguous.
#pragma once

#include <cstddef>
#include <cstdint>

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
  float alpha = 0,
        beta = 0;  // hard_sigmoid, affine: alpha * x + beta; scaled_tanh: alpha * tanh(beta * x)
};

struct LstmParams {
  int64_t batch = 0, hidden = 0;
  // Which of the four blocks of `hidden` columns holds the gate: OpenVINO f i c o = {1, 0, 2, 3},
  // ONNX i o f c = {0, 2, 3, 1}.
  int gate_i = 1, gate_f = 0, gate_c = 2, gate_o = 3;
  RnnFunction gates = {RnnActivation::sigmoid}, cell = {RnnActivation::tanh},
              out = {RnnActivation::tanh};
  float clip = 0;             // pre-activations are clamped to +-clip; 0: not
  bool input_forget = false;  // f = 1 - i
  int64_t x_stride = 0, h_stride = 0, cell_stride = 0, new_cell_stride = 0, out_stride = 0;
};

// pre-activation = x + h + bias, each [batch, 4 * hidden] (bias [4 * hidden]); h and bias may be
// nullptr.
struct LstmArgs {
  const float *x, *h, *bias;
  const float* peepholes;  // [3, hidden] in the order i, o, f, or nullptr
  const float* cell;       // [batch, hidden]
  float *new_cell, *out;   // new_cell may be cell
};

// GRU: z = f(x_z + h_z), r = f(x_r + h_r);
//   linear_before_reset: n = g(x_n + bias_n + r * (h_n + bias_h)), one call of gru_out with `h` of
//   3 * hidden columns; else gru_gates writes r * state, the caller multiplies it with the weights
//   of n, and gru_out takes that product as h_n.
// Blocks are in the order z, r, n. out = (1 - z) * n + z * state.
struct GruParams {
  int64_t batch = 0, hidden = 0;
  RnnFunction gates = {RnnActivation::sigmoid}, out = {RnnActivation::tanh};
  float clip = 0;
  bool linear_before_reset = false;
  int64_t x_stride = 0, h_stride = 0, n_stride = 0, state_stride = 0, reset_stride = 0,
          out_stride = 0;
};

struct GruArgs {
  const float *x,
      *h;  // [batch, 3 * hidden]; without linear_before_reset h holds the z and r blocks only
  const float*
      bias;  // [3 * hidden], or [4 * hidden] (z, r, x_n, h_n) with linear_before_reset, or nullptr
  const float* h_n;    // product of (r * state), [batch, hidden]; not with linear_before_reset
  const float* state;  // [batch, hidden]
  float* reset;        // r * state, of gru_gates
  float* out;          // may be state
};

struct RnnParams {
  int64_t batch = 0, hidden = 0;
  RnnFunction out = {RnnActivation::tanh};
  float clip = 0;
  int64_t x_stride = 0, h_stride = 0, out_stride = 0;
};

struct RnnArgs {
  const float *x, *h, *bias;  // out = f(x + h + bias); h and bias may be nullptr
  float* out;
};

// One task is one row of the batch; tasks == batch, and no scratch is needed.
struct RnnTable {
  void (*lstm)(const LstmParams& params, const LstmArgs& args, int64_t begin, int64_t end);
  void (*gru_gates)(const GruParams& params, const GruArgs& args, int64_t begin, int64_t end);
  void (*gru_out)(const GruParams& params, const GruArgs& args, int64_t begin, int64_t end);
  void (*rnn)(const RnnParams& params, const RnnArgs& args, int64_t begin, int64_t end);
};
const RnnTable& get_rnn_kernels(const IsaSet& isa);

#define VIREO_RNN_TABLE(isa, tier) \
  namespace isa {                  \
  const RnnTable& rnn_table();     \
  }
#include "devices/cpu/kernels/rnn/kernels.inc"
#undef VIREO_RNN_TABLE

}  // namespace vireo::cpu
