// Attributes of the recurrent cells and sequences.
#pragma once

#include "core/op.h"

namespace vireo::ops {

enum class RnnDirection { Forward, Reverse, Bidirectional };
inline constexpr const char* kRnnDirectionNames[] = {"forward", "reverse", "bidirectional"};
// The order of the LSTM's gates in the weights of opset 1; later opsets have fico.
enum class LstmWeightsFormat { Fico, Icof, Ifco, Ifoc, Iofc };
inline constexpr const char* kLstmWeightsFormatNames[] = {"fico", "icof", "ifco", "ifoc", "iofc"};

enum class RnnKind { Rnn, Gru, Lstm };

// One struct for every form; which attributes a form has is said by its tag.
struct Rnn {
  int64_t hidden_size = 0;
  std::vector<std::string> activations;
  std::vector<double> activations_alpha, activations_beta;
  double clip = 0;
  RnnDirection direction = RnnDirection::Forward;  // sequences
  bool linear_before_reset = false;                // GRU
  bool input_forget = false;                       // LSTM of opset 1
  LstmWeightsFormat weights_format = LstmWeightsFormat::Fico;
};
template <RnnKind kKind, bool kSequence, bool kFirst = false>
struct RnnForm : Rnn {
  RnnForm() {
    if (kKind == RnnKind::Rnn) activations = {"tanh"};
    if (kKind == RnnKind::Gru) activations = {"sigmoid", "tanh"};
    if (kKind == RnnKind::Lstm) activations = {"sigmoid", "tanh", "tanh"};
  }
};
void visit_rnn(AttrVisitor& v, Rnn& a, RnnKind kind, bool sequence, bool first);
template <RnnKind kKind, bool kSequence, bool kFirst>
void visit(AttrVisitor& v, RnnForm<kKind, kSequence, kFirst>& a) {
  visit_rnn(v, a, kKind, kSequence, kFirst);
}

using RnnCell = RnnForm<RnnKind::Rnn, false>;
using GruCell = RnnForm<RnnKind::Gru, false>;
using LstmCell = RnnForm<RnnKind::Lstm, false>;
using LstmCell1 = RnnForm<RnnKind::Lstm, false, true>;
using RnnSequence = RnnForm<RnnKind::Rnn, true>;
using GruSequence = RnnForm<RnnKind::Gru, true>;
using LstmSequence = RnnForm<RnnKind::Lstm, true>;
using LstmSequence1 = RnnForm<RnnKind::Lstm, true, true>;

extern const OpDef rnn_cell_1, gru_cell_3, lstm_cell_1, lstm_cell_4, rnn_sequence_5, gru_sequence_5,
    lstm_sequence_1, lstm_sequence_5;

}  // namespace vireo::ops
