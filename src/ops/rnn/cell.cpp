// One step of RNN, GRU and LSTM cells.
#include "ops/rnn/cell.h"

#include <algorithm>
#include <cmath>

#include "ops/activation/functions.h"
#include "ops/matmul/gemm.h"

namespace vireo::ops {
namespace {

using Function = double (*)(double, double, double);
struct Named {
  const char* name;
  Function function;
  double alpha, beta;  // what they are if the operator does not say
};
const Named kFunctions[] = {
    {"sigmoid", [](double x, double, double) { return sigmoid(x); }, 0, 0},
    {"tanh", [](double x, double, double) { return std::tanh(x); }, 0, 0},
    {"relu", [](double x, double, double) { return x < 0 ? 0 : x; }, 0, 0},
    {"affine", [](double x, double a, double b) { return a * x + b; }, 1, 0},
    {"leakyrelu", [](double x, double a, double) { return x < 0 ? a * x : x; }, 0.01, 0},
    {"thresholdedrelu", [](double x, double a, double) { return x > a ? x : 0; }, 1, 0},
    {"scaledtanh", [](double x, double a, double b) { return a * std::tanh(b * x); }, 1, 1},
    {"hardsigmoid", [](double x, double a, double b) { return clamp(a * x + b, 0, 1); }, 0.2, 0.5},
    {"elu", [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }, 1, 0},
    {"softsign", [](double x, double, double) { return x / (1 + std::fabs(x)); }, 0, 0},
    {"softplus", [](double x, double, double) { return soft_plus(x); }, 0, 0},
};

const Named* find_function(const std::string& name) {
  const auto it = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                               [&](const Named& n) { return name == n.name; });
  return it == std::end(kFunctions) ? nullptr : it;
}

}  // namespace

bool is_rnn_activation(const std::string& name) { return find_function(name) != nullptr; }

Cell::Cell(RnnKind kind, const Rnn& attrs, CellWeights weights, size_t input)
    : kind_(kind),
      attrs_(attrs),
      weights_(std::move(weights)),
      input_(input),
      hidden_(size_t(attrs.hidden_size)),
      gates_(kind == RnnKind::Rnn   ? 1
             : kind == RnnKind::Gru ? 3
                                    : 4) {
  for (size_t i = 0; i < attrs.activations.size(); ++i) {
    const Named* n = find_function(attrs.activations[i]);
    functions_.push_back(
        {n->function, i < attrs.activations_alpha.size() ? attrs.activations_alpha[i] : n->alpha,
         i < attrs.activations_beta.size() ? attrs.activations_beta[i] : n->beta});
  }
}

double Cell::clipped(double x) const {
  return attrs_.clip > 0 ? clamp(x, -attrs_.clip, attrs_.clip) : x;
}

void Cell::step(size_t batch, const double* x, double* h, double* c) const {
  const size_t width = gates_ * hidden_;
  // A GRU needs the product with the state apart from that with the input.
  const bool apart = kind_ == RnnKind::Gru;
  std::vector<double> gates(batch * width), recurrent(apart ? batch * width : 0);
  gemm<double>(batch, width, input_, {x, input_, 1}, {weights_.w.data(), 1, input_}, gates.data(),
               width);
  gemm<double>(batch, width, hidden_, {h, hidden_, 1}, {weights_.r.data(), 1, hidden_},
               (apart ? recurrent : gates).data(), width);
  std::vector<double> row(2 * width);
  for (size_t n = 0; n < batch; ++n) {
    std::copy_n(gates.data() + n * width, width, row.data());
    if (apart) std::copy_n(recurrent.data() + n * width, width, row.data() + width);
    double* state = h + n * hidden_;
    if (kind_ == RnnKind::Lstm) step_lstm(row.data(), state, c + n * hidden_);
    if (kind_ == RnnKind::Gru) step_gru(row.data(), state);
    if (kind_ == RnnKind::Rnn)
      for (size_t i = 0; i < hidden_; ++i)
        state[i] = functions_[0](clipped(row[i] + weights_.b[i]));
  }
}

void Cell::step_lstm(const double* gates, double* h, double* c) const {
  for (size_t i = 0; i < hidden_; ++i) {
    const auto gate = [&](size_t g) {
      return clipped(gates[g * hidden_ + i] + weights_.b[g * hidden_ + i]);
    };
    c[i] = functions_[0](gate(0)) * c[i] + functions_[0](gate(1)) * functions_[1](gate(2));
    h[i] = functions_[0](gate(3)) * functions_[2](c[i]);
  }
}

// Gates z, r, h; with linear_before_reset the bias of the recurrent part of h stands apart, fourth.
void Cell::step_gru(const double* gates, double* h) const {
  const double *from_x = gates, *from_h = gates + 3 * hidden_, *b = weights_.b.data();
  const bool linear = attrs_.linear_before_reset;
  std::vector<double> z(hidden_), r(hidden_), candidate(hidden_);
  for (size_t i = 0; i < hidden_; ++i) {
    z[i] = functions_[0](clipped(from_x[i] + from_h[i] + b[i]));
    r[i] = functions_[0](clipped(from_x[hidden_ + i] + from_h[hidden_ + i] + b[hidden_ + i]));
  }
  const double* weights = weights_.r.data() + 2 * hidden_ * hidden_;
  for (size_t i = 0; i < hidden_; ++i) {
    double from_state = 0;
    if (linear) {
      from_state = r[i] * (from_h[2 * hidden_ + i] + b[3 * hidden_ + i]);
    } else {
      for (size_t k = 0; k < hidden_; ++k) from_state += r[k] * h[k] * weights[i * hidden_ + k];
    }
    candidate[i] =
        functions_[1](clipped(from_x[2 * hidden_ + i] + from_state + b[2 * hidden_ + i]));
  }
  for (size_t i = 0; i < hidden_; ++i) h[i] = (1 - z[i]) * candidate[i] + z[i] * h[i];
}

}  // namespace vireo::ops
