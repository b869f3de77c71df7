// What a tier's kernel of a recurrent layer is: the work of one panel, some units of the state.
#pragma once

#include "devices/cpu/kernels/rnn/rnn.h"

namespace vireo::cpu {

// Pointers of one row of the batch at one position; all at unit 0.
struct RnnRow {
  const float *x, *state, *cell;
  float *new_cell, *out, *last, *gates;  // last may be nullptr
};

struct RnnPanel {
  const RnnDesc* desc;
  const float* weights;  // [hidden][blocks][gates of the phase][lanes]
  const float* bias;
  int64_t unit, units;  // units [unit, unit + units) exist
};

// A position is one phase, but two for gru, whose candidate waits for all of r.
constexpr int kRnnPhases = 2;
struct RnnPhase {
  int first_gate = 0, gates = 0;
  void (*run)(const RnnPanel& panel, const RnnRow* rows, int64_t count) = nullptr;
};
struct RnnCellKernel {
  int blocks = 0;  // vectors of units in a panel
  RnnPhase phases[kRnnPhases];
};
struct RnnKernel {
  const char* name;
  int lanes;
  RnnCellKernel cells[kRnnCells];
};

#define VIREO_RNN_KERNEL(isa, tier) \
  namespace isa {                   \
  extern const RnnKernel rnn_f32;   \
  }
#include "devices/cpu/kernels/rnn/kernels.inc"
#undef VIREO_RNN_KERNEL

}  // namespace vireo::cpu
