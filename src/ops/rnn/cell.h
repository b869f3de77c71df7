// One step of a recurrent cell over a batch of doubles; cells and sequences share it.
#pragma once

#include <vector>

#include "ops/rnn/rnn.h"

namespace vireo::ops {

// Weights of one direction: w [gates * hidden, input], r [gates * hidden, hidden], b as the
// operator has it. LSTM gates in the order f, i, c, o.
struct CellWeights {
  std::vector<double> w, r, b;
};

class Cell {
 public:
  Cell(RnnKind kind, const Rnn& attrs, CellWeights weights, size_t input);
  // x [batch, input]; h and c [batch, hidden] are replaced (c by LSTM alone).
  void step(size_t batch, const double* x, double* h, double* c) const;

 private:
  using Function = double (*)(double x, double alpha, double beta);
  struct Bound {
    Function function;
    double alpha, beta;
    double operator()(double x) const { return function(x, alpha, beta); }
  };
  double clipped(double x) const;
  void step_lstm(const double* gates, double* h, double* c) const;
  void step_gru(const double* gates, double* h) const;

  RnnKind kind_;
  const Rnn& attrs_;
  CellWeights weights_;
  size_t input_, hidden_, gates_;
  std::vector<Bound> functions_;
};

// Known names of activations; fails the inference otherwise.
bool is_rnn_activation(const std::string& name);

}  // namespace vireo::ops
