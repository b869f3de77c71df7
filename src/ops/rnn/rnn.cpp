// RNNCell, GRUCell, LSTMCell and their sequences.
#include "ops/rnn/rnn.h"

#include <algorithm>

#include "core/values.h"
#include "ops/rnn/cell.h"

namespace vireo::ops {

void visit_rnn(AttrVisitor& v, Rnn& a, RnnKind kind, bool sequence, bool first) {
  if (sequence) v.on("direction", a.direction, kRnnDirectionNames);
  if (kind == RnnKind::Gru) v.on("linear_before_reset", a.linear_before_reset);
  v.on("hidden_size", a.hidden_size);
  v.on("activations", a.activations);
  v.on("activations_alpha", a.activations_alpha);
  v.on("activations_beta", a.activations_beta);
  v.on("clip", a.clip);
  if (!first) return;
  v.on("input_forget", a.input_forget);
  v.on("weights_format", a.weights_format, kLstmWeightsFormatNames);
}

namespace {

size_t gates_of(RnnKind kind) { return kind == RnnKind::Rnn ? 1 : kind == RnnKind::Gru ? 3 : 4; }

// Where the inputs lie: X, H, [C,] [lengths,] W, R, B[, P].
struct Inputs {
  size_t state = 1, cell = 0, lengths = 0, w, r, b, p;
  Inputs(RnnKind kind, bool sequence) {
    size_t next = 2;
    if (kind == RnnKind::Lstm) cell = next++;
    if (sequence) lengths = next++;
    w = next++, r = next++, b = next++, p = next;
  }
};

// Merges what two inputs say of one extent.
void agree(InferContext& c, Dimension& d, size_t input, size_t axis, const char* what) {
  const PartialShape& shape = c.shape(input);
  if (!shape.rank_is_static() || axis >= shape.size()) return;
  if (!Dimension::merge(d, d, shape[axis]))
    c.fail("input {} of shape {} does not fit {} of {}", input, shape.to_string(), what,
           d.to_string());
}

template <typename Form, RnnKind kKind, bool kSequence, bool kFirst>
void infer(InferContext& c) {
  const Rnn& a = c.attrs<Form>();
  const Inputs in(kKind, kSequence);
  c.expect_inputs(kFirst || (!kSequence && kKind != RnnKind::Lstm) ? in.b : in.p,
                  kFirst ? in.p + 1 : in.p);
  if (a.hidden_size <= 0 || a.hidden_size > (int64_t(1) << 31))
    c.fail("hidden_size {} is out of range", a.hidden_size);
  const size_t functions = kKind == RnnKind::Lstm ? 3 : kKind == RnnKind::Gru ? 2 : 1;
  if (a.activations.size() != functions)
    c.fail("has {} activations, expected {}", a.activations.size(), functions);
  for (const std::string& name : a.activations)
    if (!is_rnn_activation(name)) c.fail("activation '{}' is not known", name);
  if (a.clip < 0) c.fail("clip {} is negative", a.clip);
  c.expect_real(0);
  const int64_t more = kSequence ? 1 : 0;
  c.expect_rank(0, 2 + more, 2 + more);
  c.expect_rank(in.state, 2 + more, 2 + more);
  c.expect_rank(in.w, 2 + more, 2 + more);
  c.expect_rank(in.r, 2 + more, 2 + more);
  c.expect_rank(in.cell ? in.cell : in.state, 2 + more, 2 + more);
  if (kSequence) c.expect_rank(in.lengths, 1, 1);
  Dimension batch, input, hidden(a.hidden_size), length,
      gates(a.hidden_size * int64_t(gates_of(kKind)));
  Dimension directions(a.direction == RnnDirection::Bidirectional ? 2 : 1);
  agree(c, batch, 0, 0, "the batch");
  agree(c, batch, in.state, 0, "the batch");
  agree(c, hidden, in.state, size_t(1 + more), "hidden_size");
  if (kSequence) agree(c, length, 0, 1, "the sequence length");
  if (kSequence) agree(c, directions, in.w, 0, "the directions");
  agree(c, gates, in.w, size_t(more), "the gates");
  agree(c, gates, in.r, size_t(more), "the gates");
  agree(c, hidden, in.r, size_t(1 + more), "hidden_size");
  agree(c, input, 0, size_t(1 + more), "the input size");
  agree(c, input, in.w, size_t(1 + more), "the input size");
  if (kSequence) {
    agree(c, batch, in.lengths, 0, "the batch");
    for (size_t i : {in.state, in.cell ? in.cell : in.state})
      agree(c, directions, i, 1, "the directions");
    agree(c, directions, in.r, 0, "the directions");
  }
  if (in.cell) {
    agree(c, batch, in.cell, 0, "the batch");
    agree(c, hidden, in.cell, size_t(1 + more), "hidden_size");
  }
  if (c.inputs() > in.b) {
    Dimension biases = gates;
    if (kKind == RnnKind::Gru && a.linear_before_reset) biases = Dimension(a.hidden_size * 4);
    c.expect_rank(in.b, 1 + more, 1 + more);
    if (kSequence) agree(c, directions, in.b, 0, "the directions");
    agree(c, biases, in.b, size_t(more), "the biases");
  }
  const element::Type type = c.type(0);
  const PartialShape state =
      kSequence ? PartialShape{batch, directions, hidden} : PartialShape{batch, hidden};
  size_t next = 0;
  if (kSequence) c.set_output(next++, type, PartialShape{batch, directions, length, hidden});
  c.set_output(next++, type, state);
  if (kKind == RnnKind::Lstm) c.set_output(next, type, state);
}

// The part of an input that belongs to one of `parts` directions.
std::vector<double> part_of(const Tensor& t, size_t part, size_t parts) {
  const std::vector<double> all = load<double>(t);
  const int64_t size = int64_t(all.size() / parts);
  return {all.begin() + size * int64_t(part), all.begin() + size * int64_t(part + 1)};
}

// OpenVINO takes the gates of opset 1 in the order f, i, c, o whatever weights_format says, and has
// no use for the peepholes and input_forget; models are made to fit that.
CellWeights weights_of(EvalContext& c, const Rnn& a, RnnKind kind, const Inputs& in, size_t part,
                       size_t parts) {
  CellWeights w{part_of(c.input(in.w), part, parts), part_of(c.input(in.r), part, parts), {}};
  if (c.inputs() > in.b)
    w.b = part_of(c.input(in.b), part, parts);
  else
    w.b.resize(size_t(a.hidden_size) *
               (gates_of(kind) + (kind == RnnKind::Gru && a.linear_before_reset)));
  return w;
}

template <typename Form, RnnKind kKind>
void evaluate_cell(EvalContext& c) {
  const Rnn& a = c.attrs<Form>();
  const Inputs in(kKind, false);
  const Cell cell(kKind, a, weights_of(c, a, kKind, in, 0, 1), c.shape(0)[1]);
  std::vector<double> h = load<double>(c.input(1)), state;
  if (kKind == RnnKind::Lstm) state = load<double>(c.input(in.cell));
  cell.step(c.shape(0)[0], load<double>(c.input(0)).data(), h.data(), state.data());
  store(c.output(0), h);
  if (kKind == RnnKind::Lstm) store(c.output(1), state);
}

template <typename Form, RnnKind kKind>
void evaluate_sequence(EvalContext& c) {
  const Rnn& a = c.attrs<Form>();
  const Inputs in(kKind, true);
  const size_t batch = c.shape(0)[0], length = c.shape(0)[1], input = c.shape(0)[2],
               hidden = size_t(a.hidden_size);
  const size_t directions = a.direction == RnnDirection::Bidirectional ? 2 : 1;
  const std::vector<double> x = load<double>(c.input(0));
  const std::vector<int64_t> lengths = load<int64_t>(c.input(in.lengths));
  std::vector<double> h = load<double>(c.input(in.state)), state,
                      y(batch * directions * length * hidden);
  if (kKind == RnnKind::Lstm) state = load<double>(c.input(in.cell));
  for (size_t d = 0; d < directions; ++d) {
    const Cell cell(kKind, a, weights_of(c, a, kKind, in, d, directions), input);
    const bool backwards = a.direction == RnnDirection::Reverse || d == 1;
    for (size_t n = 0; n < batch; ++n) {
      const size_t steps = size_t(std::clamp<int64_t>(lengths[n], 0, int64_t(length)));
      double* at = h.data() + (n * directions + d) * hidden;
      double* at_cell = state.empty() ? nullptr : state.data() + (n * directions + d) * hidden;
      for (size_t t = 0; t < steps; ++t) {
        const size_t position = backwards ? steps - 1 - t : t;
        cell.step(1, x.data() + (n * length + position) * input, at, at_cell);
        std::copy_n(at, hidden, y.data() + ((n * directions + d) * length + position) * hidden);
      }
    }
  }
  store(c.output(0), y);
  store(c.output(1), h);
  if (kKind == RnnKind::Lstm) store(c.output(2), state);
}

}  // namespace

#define VIREO_RNN_CELL(symbol, name, opset, Form, kind, first)      \
  VIREO_DEFINE_OP(symbol){name,                                     \
                          opset,                                    \
                          &kAttrType<Form>,                         \
                          infer<Form, RnnKind::kind, false, first>, \
                          evaluate_cell<Form, RnnKind::kind>,       \
                          Tolerance::Accumulate};
#define VIREO_RNN_SEQUENCE(symbol, name, opset, Form, kind, first) \
  VIREO_DEFINE_OP(symbol){name,                                    \
                          opset,                                   \
                          &kAttrType<Form>,                        \
                          infer<Form, RnnKind::kind, true, first>, \
                          evaluate_sequence<Form, RnnKind::kind>,  \
                          Tolerance::Accumulate};

VIREO_RNN_CELL(rnn_cell_1, "RNNCell", 1, RnnCell, Rnn, false)
VIREO_RNN_CELL(gru_cell_3, "GRUCell", 3, GruCell, Gru, false)
VIREO_RNN_CELL(lstm_cell_1, "LSTMCell", 1, LstmCell1, Lstm, true)
VIREO_RNN_CELL(lstm_cell_4, "LSTMCell", 4, LstmCell, Lstm, false)
VIREO_RNN_SEQUENCE(rnn_sequence_5, "RNNSequence", 5, RnnSequence, Rnn, false)
VIREO_RNN_SEQUENCE(gru_sequence_5, "GRUSequence", 5, GruSequence, Gru, false)
VIREO_RNN_SEQUENCE(lstm_sequence_1, "LSTMSequence", 1, LstmSequence1, Lstm, true)
VIREO_RNN_SEQUENCE(lstm_sequence_5, "LSTMSequence", 5, LstmSequence, Lstm, false)

}  // namespace vireo::ops
