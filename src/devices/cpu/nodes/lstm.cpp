// LSTM cells and sequences: products with the packed weights, then the element-wise part, position
// by position.
#include "devices/cpu/kernels/gemm/gemm.h"
#include "devices/cpu/kernels/rnn/rnn.h"
#include "devices/cpu/nodes/copy_step.h"
#include "ops/rnn/rnn.h"

namespace vireo::cpu {

namespace {

bool is_sequence(const NodeView& node) { return node.node().is("LSTMSequence"); }

const ops::Rnn& attributes(const NodeView& node) {
  if (is_sequence(node)) return node.attrs<ops::LstmSequence>();
  return node.attrs<ops::LstmCell>();
}

// Numbers of the inputs, which sequences count with their lengths.
struct Inputs {
  size_t x = 0, h = 1, c = 2, w = 3, r = 4, b = 5;
};
Inputs inputs_of(const NodeView& node) {
  return is_sequence(node) ? Inputs{0, 1, 2, 4, 5, 6} : Inputs{};
}

bool function_of(const ops::Rnn& a, size_t i, RnnFunction* out) {
  if (!a.activations_alpha.empty() || !a.activations_beta.empty()) return false;
  if (a.activations[i] == "sigmoid")
    out->kind = RnnActivation::sigmoid;
  else if (a.activations[i] == "tanh")
    out->kind = RnnActivation::tanh;
  else if (a.activations[i] == "relu")
    out->kind = RnnActivation::relu;
  else
    return false;
  return true;
}

std::string refusal(const NodeView& node) {
  const bool known = is_sequence(node) ? node.node().attrs.is<ops::LstmSequence>()
                                       : node.node().attrs.is<ops::LstmCell>();
  if (!known) return "the form of opset 1";
  const ops::Rnn& a = attributes(node);
  RnnFunction ignored;
  for (size_t i = 0; i < 3; ++i)
    if (!function_of(a, i, &ignored)) return "the activations are unusual";
  const Inputs in = inputs_of(node);
  for (size_t i : {in.x, in.h, in.c, in.w, in.r, in.b})
    if (node.in_type(i) != element::f32)
      return fmt::format("the kernel takes f32, input {} is {}", i, node.in_type(i).name());
  if (!node.constant(in.w) || !node.constant(in.r)) return "the weights are not constant";
  return {};
}

struct Packed {
  const GemmKernel* kernel = nullptr;
  int64_t directions = 1, input = 0, hidden = 0;
  size_t w_bytes = 0, r_bytes = 0;  // of one direction
  const uint8_t* w = nullptr;
  const uint8_t* r = nullptr;
};

// The four gates' matrix of each direction, [4 * hidden, k].
const uint8_t* pack_gates(const NodeView& node, const GemmKernel& kernel, const Tensor& source,
                          int64_t directions, int64_t n, int64_t k) {
  const size_t bytes = gemm_packed_bytes(kernel, n, k);
  return node.pack(kernel.name, bytes * size_t(directions), source, directions,
                   [=, &kernel](const void* from, uint8_t* to, int64_t begin, int64_t end) {
                     for (int64_t d = begin; d < end; ++d)
                       pack_gemm_b(kernel, static_cast<const float*>(from) + d * n * k, 1, k, n, k,
                                   to + size_t(d) * bytes);
                   });
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  const Inputs in = inputs_of(node);
  const Tensor &w = *node.constant(in.w), &r = *node.constant(in.r);
  auto p = std::make_shared<Packed>();
  p->kernel = get_gemm(DataType::f32, node.program().isa);
  p->directions = is_sequence(node) ? int64_t(w.get_shape()[0]) : 1;
  p->input = int64_t(w.get_shape().back());
  p->hidden = int64_t(r.get_shape().back());
  const int64_t n = 4 * p->hidden;
  p->w_bytes = gemm_packed_bytes(*p->kernel, n, p->input);
  p->r_bytes = gemm_packed_bytes(*p->kernel, n, p->hidden);
  p->w = pack_gates(node, *p->kernel, w, p->directions, n, p->input);
  p->r = pack_gates(node, *p->kernel, r, p->directions, n, p->hidden);
  return p;
}

void run_product(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  GemmArgs args;
  args.c = o[0];
  args.a = o[1];
  args.b = o[2];
  args.bias = static_cast<const float*>(o[3]);
  run_gemm(*static_cast<const GemmPlan*>(params), args, begin, end, scratch);
}

struct CellStep {
  const RnnTable* table;
  LstmParams params;
};

void run_cell(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  const auto& p = *static_cast<const CellStep*>(params);
  LstmArgs args{};
  args.out = static_cast<float*>(o[0]);
  args.new_cell = static_cast<float*>(o[1]);
  args.x = static_cast<const float*>(o[2]);
  args.h = static_cast<const float*>(o[3]);
  args.cell = static_cast<const float*>(o[4]);
  p.table->lstm(p.params, args, begin, end);
}

Place packed_place(const uint8_t* matrices, size_t offset) {
  return Place{kNone32, {0, uint64_t(reinterpret_cast<uintptr_t>(matrices + offset))}, 0};
}

// One node being planned.
struct Lstm {
  PlanContext& c;
  const Packed& packed;
  Inputs in;
  int64_t batch, length, hidden;
  LstmParams cell;

  void product(int64_t m, int64_t k, Place a, int64_t a_row, Place b, const Place* bias, Place to) {
    GemmDesc d;
    d.m = m;
    d.k = k;
    d.n = d.c_row = d.residual_row = 4 * hidden;
    d.a_row = a_row;
    if (bias) d.epilogue.bias = Bias::PerColumn;
    const GemmPlan plan = plan_gemm(d, packed.kernel, c.threads());
    const Place operands[] = {to, a, b, bias ? *bias : Place{}};
    const double flop = 2.0 * double(m * k * d.n);
    StepSpec spec =
        spec_of(plan, run_product, "lstm_gemm", estimate(4.0 * double(m * d.n), flop), flop * 1e-9);
    spec.bytes = 4.0 * double(m * k + m * d.n + k * d.n);
    c.step(spec, plan, operands);
  }

  // One direction; y, h and cell are where its outputs begin, with the steps between rows and
  // positions in elements.
  void direction(int64_t d, int64_t directions, bool backwards, Place y, int64_t y_row,
                 int64_t y_position, Place cell_out) {
    const int64_t state_row = directions * hidden;
    const Place x_gates = c.temporary(size_t(batch * length * 4 * hidden) * 4),
                h_gates = c.temporary(size_t(batch * 4 * hidden) * 4);
    const Place bias = shifted(c.input(in.b), d * 4 * hidden * 4);
    product(batch * length, packed.input, c.input(in.x), packed.input,
            packed_place(packed.w, size_t(d) * packed.w_bytes), &bias, x_gates);
    for (int64_t i = 0; i < length; ++i) {
      const int64_t t = backwards ? length - 1 - i : i, before = backwards ? t + 1 : t - 1;
      const Place h =
          i == 0 ? shifted(c.input(in.h), d * hidden * 4) : shifted(y, before * y_position * 4);
      product(batch, hidden, h, i == 0 ? state_row : y_row,
              packed_place(packed.r, size_t(d) * packed.r_bytes), nullptr, h_gates);
      CellStep step{&get_rnn_kernels(c.isa()), cell};
      step.params.x_stride = length * 4 * hidden;
      step.params.h_stride = 4 * hidden;
      step.params.cell_stride = step.params.new_cell_stride = state_row;
      step.params.out_stride = y_row;
      const Place old_cell = i == 0 ? shifted(c.input(in.c), d * hidden * 4) : cell_out;
      const Place operands[] = {shifted(y, t * y_position * 4), cell_out,
                                shifted(x_gates, t * 4 * hidden * 4), h_gates, old_cell};
      StepSpec spec;
      spec.fn = run_cell;
      spec.tasks = batch;
      spec.kernel = fmt::format("lstm_cell_f32_{}", tier_name(c.isa()));
      spec.microseconds = estimate(0, 100.0 * double(batch * hidden));
      spec.bytes = 4.0 * 11 * double(batch * hidden);
      c.step(spec, step, operands);
    }
  }
};

bool lengths_are_full(PlanContext& c, int64_t length) {
  const Tensor* lengths = c.value(3);
  if (!lengths) return false;
  for (int64_t n : known_ints(*lengths))
    if (n != length) return false;
  return true;
}

const char* plan(PlanContext& c) {
  const ops::Rnn& a = attributes(c);
  const bool sequence = is_sequence(c);
  const Shape& x = c.shape(0);
  const auto& packed = *c.prepared<Packed>();
  Lstm lstm{c, packed, inputs_of(c), int64_t(x[0]), sequence ? int64_t(x[1]) : 1, packed.hidden,
            {}};
  if (sequence && (lstm.length == 0 || !lengths_are_full(c, lstm.length)))
    return "the lengths are not all the whole sequence";
  if (elements(c.shape(lstm.in.h)) != lstm.batch * packed.directions * packed.hidden)
    return "the state broadcasts";
  lstm.cell.batch = lstm.batch;
  lstm.cell.hidden = packed.hidden;
  function_of(a, 0, &lstm.cell.gates);
  function_of(a, 1, &lstm.cell.cell);
  function_of(a, 2, &lstm.cell.out);
  lstm.cell.clip = float(a.clip);
  const int64_t h = packed.hidden, directions = packed.directions, length = lstm.length;
  if (!sequence) {
    const Place out = c.output(0), cell = c.output(1);
    lstm.direction(0, 1, false, out, h, 0, cell);
    return nullptr;
  }
  const Place y = c.output(0), last = c.output(1), cell = c.output(2);
  for (int64_t d = 0; d < directions; ++d) {
    const bool backwards = a.direction == ops::RnnDirection::Reverse || d == 1;
    const Place from = shifted(y, d * length * h * 4);
    lstm.direction(d, directions, backwards, from, directions * length * h, h,
                   shifted(cell, d * h * 4));
    copy_step(c, "lstm_copy", Shape{size_t(lstm.batch), size_t(h)},
              shifted(from, (backwards ? 0 : length - 1) * h * 4), {directions * length * h * 4, 4},
              shifted(last, d * h * 4), {directions * h * 4, 4}, 4);
  }
  return nullptr;
}

}  // namespace

const NodeKind lstm_node = {"LSTMSequence", refusal, prepare, plan};

}  // namespace vireo::cpu
