// LSTM, GRU and RNN, cells and sequences: one product of all positions with the packed weights of
// the inputs, then the recurrence.
#include "devices/cpu/kernels/rnn/rnn.h"

#include "base/support/aligned_buffer.h"
#include "devices/cpu/kernels/gemm/gemm.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "ops/rnn/rnn.h"

namespace vireo::cpu {

namespace {

struct Form {
  const ops::Rnn* attrs = nullptr;
  ops::RnnKind kind = ops::RnnKind::Lstm;
  bool sequence = false;
};

template <ops::RnnKind kKind, bool kSequence, bool kFirst = false>
bool match(const Attrs& attrs, Form* out) {
  using Type = ops::RnnForm<kKind, kSequence, kFirst>;
  if (!attrs.is<Type>()) return false;
  *out = {&attrs.as<Type>(), kKind, kSequence};
  return true;
}

Form form_of(const NodeView& node) {
  using ops::RnnKind;
  const Attrs& a = node.node().attrs;
  Form form;
  match<RnnKind::Lstm, true>(a, &form) || match<RnnKind::Lstm, false>(a, &form) ||
      match<RnnKind::Gru, true>(a, &form) || match<RnnKind::Gru, false>(a, &form) ||
      match<RnnKind::Rnn, true>(a, &form) || match<RnnKind::Rnn, false>(a, &form) ||
      match<RnnKind::Lstm, true, true>(a, &form) || match<RnnKind::Lstm, false, true>(a, &form);
  return form;
}

// Where the inputs lie: X, H, [C,] [lengths,] W, R, [B].
struct Inputs {
  size_t cell = 0, lengths = 0, w, r, b;
  explicit Inputs(const Form& form) {
    size_t next = 2;
    if (form.kind == ops::RnnKind::Lstm) cell = next++;
    if (form.sequence) lengths = next++;
    w = next, r = next + 1, b = next + 2;
  }
};

bool function_of(const ops::Rnn& a, size_t i, RnnFunction* out) {
  struct Named {
    const char* name;
    RnnFunction function;
  };
  static const Named table[] = {{"sigmoid", {RnnActivation::sigmoid}},
                                {"tanh", {RnnActivation::tanh}},
                                {"relu", {RnnActivation::relu}},
                                {"affine", {RnnActivation::affine, 1, 0}},
                                {"leakyrelu", {RnnActivation::leaky_relu, 0.01f}},
                                {"thresholdedrelu", {RnnActivation::thresholded_relu, 1}},
                                {"scaledtanh", {RnnActivation::scaled_tanh, 1, 1}},
                                {"hardsigmoid", {RnnActivation::hard_sigmoid, 0.2f, 0.5f}},
                                {"elu", {RnnActivation::elu, 1}},
                                {"softsign", {RnnActivation::softsign}},
                                {"softplus", {RnnActivation::softplus}}};
  for (const Named& n : table) {
    if (a.activations[i] != n.name) continue;
    *out = n.function;
    if (i < a.activations_alpha.size()) out->alpha = float(a.activations_alpha[i]);
    if (i < a.activations_beta.size()) out->beta = float(a.activations_beta[i]);
    return true;
  }
  return false;
}

std::string refusal(const NodeView& node) {
  const Form form = form_of(node);
  const Inputs in(form);
  RnnFunction ignored;
  for (size_t i = 0; i < form.attrs->activations.size(); ++i)
    if (!function_of(*form.attrs, i, &ignored)) return "an activation has no kernel";
  for (size_t i = 0; i <= in.b && i < node.inputs(); ++i)
    if (i != in.lengths && node.in_type(i) != element::f32)
      return fmt::format("the kernel takes f32, input {} is {}", i, node.in_type(i).name());
  if (form.sequence && node.in_type(in.lengths) != element::i32 &&
      node.in_type(in.lengths) != element::i64)
    return fmt::format("the kernel takes lengths as i32 or i64, got {}",
                       node.in_type(in.lengths).name());
  for (size_t i = in.w; i <= in.b && i < node.inputs(); ++i)
    if (!node.constant(i)) return "the weights are not constant";
  return {};
}

struct Packed {
  RnnDesc desc;  // all but the sizes of the activations
  const GemmKernel* gemm = nullptr;
  const RnnKernel* kernel = nullptr;
  const char* name = "";
  int64_t input = 0;
  const uint8_t *w = nullptr, *r = nullptr;
  AlignedBuffer bias, state_bias;
};

RnnDesc desc_of(const Form& form) {
  const ops::Rnn& a = *form.attrs;
  RnnDesc d;
  d.cell = form.kind == ops::RnnKind::Lstm  ? RnnCell::lstm
           : form.kind == ops::RnnKind::Rnn ? RnnCell::rnn
           : a.linear_before_reset          ? RnnCell::gru_linear
                                            : RnnCell::gru;
  for (size_t i = 0; i < a.activations.size(); ++i) function_of(a, i, &d.functions[i]);
  d.clip = float(a.clip);
  d.hidden = a.hidden_size;
  d.directions = a.direction == ops::RnnDirection::Bidirectional ? 2 : 1;
  d.reverse = a.direction == ops::RnnDirection::Reverse;
  return d;
}

AlignedBuffer floats(int64_t count) {
  return AlignedBuffer(size_t(count) * sizeof(float), AlignedBuffer::Fill::Zero);
}
float* data_of(AlignedBuffer& buffer) { return reinterpret_cast<float*>(buffer.data()); }

// The biases that the products of the inputs take, and those that wait for r.
void split_bias(const float* b, Packed* p) {
  const int64_t hidden = p->desc.hidden, n = rnn_gates(p->desc.cell) * hidden;
  const bool linear = p->desc.cell == RnnCell::gru_linear;
  p->bias = floats(p->desc.directions * n);
  if (linear) p->state_bias = floats(p->desc.directions * hidden);
  if (!b) return;
  for (int64_t d = 0; d < p->desc.directions; ++d) {
    const float* from = b + d * (n + (linear ? hidden : 0));
    std::copy_n(from, n, data_of(p->bias) + d * n);
    if (linear) std::copy_n(from + n, hidden, data_of(p->state_bias) + d * hidden);
  }
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  const Form form = form_of(node);
  const Inputs in(form);
  const Tensor &w = *node.constant(in.w), &r = *node.constant(in.r);
  auto p = std::make_shared<Packed>();
  p->desc = desc_of(form);
  p->gemm = get_gemm(DataType::f32, node.program().isa);
  p->kernel = &get_rnn_kernel(node.program().isa, &p->name);
  p->input = int64_t(w.get_shape().back());
  const RnnDesc& d = p->desc;
  const int64_t gates = rnn_gates(d.cell) * d.hidden, n = d.directions * gates;
  p->w = node.pack(
      p->gemm->name, gemm_packed_bytes(*p->gemm, n, p->input), w, gemm_panels(*p->gemm, n),
      [n, k = p->input, &kernel = *p->gemm](const void* from, uint8_t* to, int64_t begin,
                                            int64_t end) {
        pack_gemm_b(kernel, static_cast<const float*>(from), 1, k, n, k, to, begin, end);
      });
  const int64_t size = rnn_packed_size(*p->kernel, d.cell, d.hidden);
  p->r = node.pack(p->name, size_t(d.directions * size) * sizeof(float), r, d.directions,
                   [d, gates, size, &kernel = *p->kernel](const void* from, uint8_t* to,
                                                          int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i)
                       pack_rnn(kernel, d.cell, d.hidden,
                                static_cast<const float*>(from) + i * gates * d.hidden,
                                reinterpret_cast<float*>(to) + i * size);
                   });
  if (node.inputs() > in.b) {
    const Tensor b = node.constant(in.b)->dense();
    split_bias(b.data<float>(), p.get());
  } else {
    split_bias(nullptr, p.get());
  }
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

// Products of the inputs of all positions and both directions.
Place input_products(PlanContext& c, const Packed& packed, int64_t rows) {
  GemmDesc d;
  d.m = rows;
  d.k = d.a_row = packed.input;
  d.n = d.c_row = packed.desc.directions * rnn_gates(packed.desc.cell) * packed.desc.hidden;
  d.epilogue.bias = Bias::PerColumn;
  const GemmPlan plan = plan_gemm(d, packed.gemm, c.threads());
  const Place to = c.temporary(size_t(d.m * d.n) * 4);
  const Place operands[] = {to, c.input(0), fixed_place(packed.w), fixed_place(packed.bias.data())};
  const double flop = 2.0 * double(d.m * d.n * d.k);
  StepSpec spec = spec_of(plan, run_product, fmt::format("gemm_f32_{}", tier_name(c.isa())),
                          estimate(4.0 * double(d.m * d.n), flop), flop * 1e-9);
  spec.bytes = 4.0 * double(d.m * d.k + d.m * d.n + d.k * d.n);
  c.step(spec, plan, operands);
  return to;
}

struct RecurrentStep {
  std::shared_ptr<const RnnPlan> plan;
  int64_t step = 0;
};

void run_recurrent(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  const auto& p = *static_cast<const RecurrentStep*>(params);
  RnnArgs args;
  args.y = static_cast<float*>(o[0]);
  args.last = static_cast<float*>(o[1]);
  args.last_cell = static_cast<float*>(o[2]);
  args.x = static_cast<const float*>(o[3]);
  args.r = static_cast<const float*>(o[4]);
  args.bias = static_cast<const float*>(o[5]);
  args.state = static_cast<const float*>(o[6]);
  args.cell = static_cast<const float*>(o[7]);
  args.lengths = o[8];
  args.gates = static_cast<float*>(o[9]);
  run_rnn(*p.plan, args, p.step, begin, end);
}

bool lengths_are_full(PlanContext& c, size_t input, int64_t length) {
  const Tensor* lengths = c.value(input);
  if (!lengths) return false;
  for (int64_t n : known_ints(*lengths))
    if (n < length) return false;
  return true;
}

const char* plan(PlanContext& c) {
  const Form form = form_of(c);
  const Inputs in(form);
  const auto& packed = *c.prepared<Packed>();
  RnnDesc d = packed.desc;
  d.batch = int64_t(c.shape(0)[0]);
  d.length = form.sequence ? int64_t(c.shape(0)[1]) : 1;
  if (d.length == 0 || d.batch == 0) return "the sequence is empty";

  const bool lstm = d.cell == RnnCell::lstm;
  Place operands[10];
  operands[3] = input_products(c, packed, d.batch * d.length);
  operands[4] = fixed_place(packed.r);
  if (d.cell == RnnCell::gru_linear) operands[5] = fixed_place(packed.state_bias.data());
  operands[6] = c.input(1);
  if (lstm) operands[7] = c.input(in.cell);
  if (form.sequence && !lengths_are_full(c, in.lengths, d.length)) {
    operands[8] = c.input(in.lengths);
    d.length_type = c.in_type(in.lengths) == element::i64 ? DataType::i64 : DataType::i32;
  }
  const int64_t states = d.batch * d.directions * d.hidden;
  if (d.cell == RnnCell::gru) operands[9] = c.temporary(size_t(2 * states) * 4);
  operands[0] = c.output(0);
  if (form.sequence) operands[1] = c.output(1);
  if (lstm) operands[2] = c.output(form.sequence ? 2 : 1);

  auto plan = std::make_shared<const RnnPlan>(plan_rnn(d, *packed.kernel, c.threads()));
  const double positions = double(d.length) / double(plan->steps);
  const double weights = double(rnn_gates(d.cell) * d.hidden * d.hidden * d.directions);
  const double flop = 2.0 * double(d.batch) * weights * positions;
  StepSpec spec = spec_of(*plan, run_recurrent, packed.name, estimate(0, flop), flop * 1e-9);
  spec.bytes = 4.0 * positions * (weights + double(states * (rnn_gates(d.cell) + 4)));
  for (int64_t step = 0; step < plan->steps; ++step)
    c.step(spec, RecurrentStep{plan, step}, operands);
  return nullptr;
}

}  // namespace

const NodeKind rnn_node = {"LSTMSequence", refusal, prepare, plan};

}  // namespace vireo::cpu
