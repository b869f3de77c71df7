// Element-wise nodes: one node, or a group of connected ones, becomes one program of vector
// primitives.
#include "devices/cpu/nodes/eltwise.h"

#include <cmath>
#include <unordered_map>

#include "core/values.h"
#include "devices/cpu/nodes/attribute.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/quantised.h"

namespace vireo::cpu {

namespace {

struct Row {
  EltwiseOp op;
  int arity;
};

const std::unordered_map<std::string_view, Row>& rows() {
  using Op = EltwiseOp;
  static const std::unordered_map<std::string_view, Row> table = {
      {"Add", {Op::add, 2}},
      {"Subtract", {Op::sub, 2}},
      {"Multiply", {Op::mul, 2}},
      {"Divide", {Op::div, 2}},
      {"Maximum", {Op::max, 2}},
      {"Minimum", {Op::min, 2}},
      {"Power", {Op::pow, 2}},
      {"Mod", {Op::mod, 2}},
      {"FloorMod", {Op::floor_mod, 2}},
      {"SquaredDifference", {Op::squared_difference, 2}},
      {"PRelu", {Op::prelu, 2}},
      {"Negative", {Op::neg, 1}},
      {"Abs", {Op::abs, 1}},
      {"Sqrt", {Op::sqrt, 1}},
      {"Exp", {Op::exp, 1}},
      {"Log", {Op::log, 1}},
      {"Sin", {Op::sin, 1}},
      {"Cos", {Op::cos, 1}},
      {"Tan", {Op::tan, 1}},
      {"Asin", {Op::asin, 1}},
      {"Acos", {Op::acos, 1}},
      {"Atan", {Op::atan, 1}},
      {"Sinh", {Op::sinh, 1}},
      {"Cosh", {Op::cosh, 1}},
      {"Asinh", {Op::asinh, 1}},
      {"Acosh", {Op::acosh, 1}},
      {"Atanh", {Op::atanh, 1}},
      {"Tanh", {Op::tanh, 1}},
      {"Erf", {Op::erf, 1}},
      {"Floor", {Op::floor, 1}},
      {"Ceiling", {Op::ceil, 1}},
      {"Sign", {Op::sign, 1}},
      {"Round", {Op::round_even, 1}},
      {"Relu", {Op::relu, 1}},
      {"Clamp", {Op::clamp, 1}},
      {"Elu", {Op::elu, 1}},
      {"Selu", {Op::selu, 1}},
      {"Sigmoid", {Op::sigmoid, 1}},
      {"Swish", {Op::swish, 1}},
      {"HSwish", {Op::hswish, 1}},
      {"HSigmoid", {Op::hsigmoid, 1}},
      {"HardSigmoid", {Op::hard_sigmoid, 1}},
      {"Mish", {Op::mish, 1}},
      {"SoftPlus", {Op::softplus, 1}},
      {"SoftSign", {Op::softsign, 1}},
      {"Gelu", {Op::gelu_erf, 1}},
      {"Equal", {Op::equal, 2}},
      {"NotEqual", {Op::not_equal, 2}},
      {"Less", {Op::less, 2}},
      {"LessEqual", {Op::less_equal, 2}},
      {"Greater", {Op::greater, 2}},
      {"GreaterEqual", {Op::greater_equal, 2}},
      {"LogicalAnd", {Op::logical_and, 2}},
      {"LogicalOr", {Op::logical_or, 2}},
      {"LogicalXor", {Op::logical_xor, 2}},
      {"LogicalNot", {Op::logical_not, 1}},
      {"IsNaN", {Op::is_nan, 1}},
      {"Select", {Op::select, 3}},
      {"Convert", {Op::copy, 1}},
      {"ConvertLike", {Op::copy, 1}},
      {"FakeQuantize", {Op::fake_quantize, 5}},
      {"vireo.Quantise", {Op::quantise_by, 3}},
      {"vireo.Dequantise", {Op::dequantise, 3}},
  };
  return table;
}

// Types that f32 arithmetic serves without loss where it matters.
bool computes_in_f32(element::Type t) {
  return t == element::f32 || t == element::f16 || t == element::bf16 || t == element::boolean;
}

std::string refuse_types(const NodeView& node, const Row& row) {
  DataType ignored;
  const bool conversion = row.op == EltwiseOp::copy;
  const element::Type out = node.out_type();
  const bool makes_codes = row.op == EltwiseOp::quantise_by;
  if ((!computes_in_f32(out) && !makes_codes) || (conversion && out == element::boolean))
    return fmt::format("the kernel computes in f32, the output is {}", out.name());
  for (int i = 0; i < row.arity; ++i) {
    const element::Type t = node.in_type(size_t(i));
    if (!data_type(t, &ignored)) return fmt::format("input {} is {}", i, t.name());
    const bool codes = i == 0 && row.op == EltwiseOp::dequantise;
    if (!conversion && !codes && !computes_in_f32(t))
      return fmt::format("the kernel computes in f32, input {} is {}", i, t.name());
  }
  return {};
}

bool constant_float(const NodeView& node, size_t i, float* out) {
  const Tensor* t = node.constant(i);
  if (!t || t->get_size() != 1) return false;
  *out = float(load<double>(*t)[0]);
  return true;
}

// Parameters of one node; a reason if they are not known.
std::string describe(const NodeView& node, EltwiseNode* out) {
  const auto found = rows().find(node.node().op->name);
  if (found == rows().end()) return "no kernel for this operator";
  out->op = found->second.op;
  out->arity = found->second.arity;
  const GraphNode& n = node.node();
  const auto number = [&](const char* name, double otherwise) {
    return float(attribute<double>(n, name, otherwise));
  };
  float* p = out->params;
  switch (out->op) {
    case EltwiseOp::clamp: p[0] = number("min", 0), p[1] = number("max", 0); break;
    case EltwiseOp::elu: p[0] = number("alpha", 1); break;
    case EltwiseOp::selu:
      if (!constant_float(node, 1, &p[0]) || !constant_float(node, 2, &p[1]))
        return "alpha and lambda are not constant";
      break;
    case EltwiseOp::hard_sigmoid:
      if (!constant_float(node, 1, &p[0]) || !constant_float(node, 2, &p[1]))
        return "alpha and beta are not constant";
      break;
    case EltwiseOp::swish:
      p[0] = 1;
      if (node.inputs() > 1 && !constant_float(node, 1, &p[0])) return "beta is not constant";
      break;
    case EltwiseOp::round_even:
      if (attribute<std::string>(n, "mode", "half_to_even") != "half_to_even")
        out->op = EltwiseOp::round_away;
      break;
    case EltwiseOp::gelu_erf: {
      const std::string mode = attribute<std::string>(n, "approximation_mode", "ERF");
      if (mode == "TANH" || mode == "tanh") out->op = EltwiseOp::gelu_tanh;
      break;
    }
    case EltwiseOp::prelu: out->channel_axis = 1; break;
    case EltwiseOp::fake_quantize: p[4] = float(attribute<int64_t>(n, "levels", 256) - 1); break;
    case EltwiseOp::quantise_by: {
      const auto& a = node.attrs<ops::Quantise>();
      p[3] = float(a.low), p[4] = float(a.high);
      break;
    }
    default: break;
  }
  return {};
}

std::string refusal(const NodeView& node) {
  const auto found = rows().find(node.node().op->name);
  if (found == rows().end()) return "no kernel for this operator";
  std::string reason = refuse_types(node, found->second);
  if (!reason.empty()) return reason;
  const std::string how = attribute<std::string>(node.node(), "auto_broadcast", "numpy");
  if (how == "pdpd") return "pdpd broadcasting";
  EltwiseNode ignored;
  return describe(node, &ignored);
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  auto out = std::make_shared<EltwiseNode>();
  describe(node, out.get());
  return out;
}

// A program under construction.
class Builder {
 public:
  Builder(PlanContext& c, const Shape& out) : c_(c), out_(out) {
    program_.rank = int(out.size());
    for (size_t i = 0; i < out.size(); ++i) program_.dims[i] = int64_t(out[i]);
  }

  // Inputs come first among value ids, so that steps are numbered from a bound and renumbered at
  // the end.
  static constexpr int kFirstStep = 1000;

  bool add(const BoundNode& node, bool last) {
    const auto& e = *static_cast<const EltwiseNode*>(node.prepared.get());
    if (e.op == EltwiseOp::copy && (last ? stores(node) : loads(node))) {
      const int id = value_of(node.inputs[0], -1);
      made_[node.outputs[0]] = result_ = id;
      return id >= 0;
    }
    if (program_.steps == kEltwiseSteps) return false;
    EltwiseStep& step = program_.step[program_.steps];
    step.op = e.op;
    for (int i = 0; i < 5; ++i) step.imm[i] = e.params[i];
    for (int i = 0; i < e.arity; ++i)
      if (!operand(node.inputs[size_t(i)], i == 1 ? e.channel_axis : -1, step, i, e.arity))
        return false;
    made_[node.outputs[0]] = result_ = kFirstStep + program_.steps++;
    return true;
  }

  bool finish(element::Type type) {
    for (int s = 0; s < program_.steps; ++s)
      for (int16_t& id : program_.step[s].src)
        if (id >= kFirstStep) id = int16_t(id - kFirstStep + program_.inputs);
    EltwiseOutput& out = program_.output[0];
    program_.outputs = 1;
    data_type(type, &out.type);
    out.value = int16_t(result_ >= kFirstStep ? result_ - kFirstStep + program_.inputs : result_);
    int64_t stride = 1;
    for (int i = program_.rank; i-- > 0;) {
      out.strides[i] = stride;
      stride *= program_.dims[i];
    }
    return true;
  }
  const EltwiseProgram& program() const { return program_; }
  const std::vector<ValueId>& inputs() const { return inputs_; }

 private:
  // Conversions between floats that loading or storing does anyway: to f32 inside a chain, and from
  // f32 at its end.
  bool loads(const BoundNode& node) const {
    return c_.fact_of(node.outputs[0]).type == element::f32 &&
           computes_in_f32(c_.fact_of(node.inputs[0]).type);
  }
  bool stores(const BoundNode& node) const {
    const auto made = made_.find(node.inputs[0]);
    return made != made_.end() && made->second >= kFirstStep &&
           c_.fact_of(node.inputs[0]).type == element::f32;
  }

  bool operand(ValueId v, int channel_axis, EltwiseStep& step, int at, int arity) {
    const Fact& fact = c_.fact_of(v);
    // Slot 4 of a FakeQuantize holds its levels.
    if (!made_.count(v) && fact.value && fact.value.get_size() == 1 && arity > 1 && at < 4) {
      step.src[at] = int16_t(-1 - at);
      step.imm[at] = float(load<double>(fact.value)[0]);
      return true;
    }
    const int id = value_of(v, channel_axis);
    step.src[at] = int16_t(id);
    return id >= 0;
  }

  // The id of a value: a step of the chain or an input, taken up if need be; -1 if it does not fit.
  int value_of(ValueId v, int channel_axis) {
    const auto made = made_.find(v);
    if (made != made_.end()) return made->second;
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (inputs_[i] == v && channel_axis < 0) return int(i);
    if (program_.inputs == kEltwiseInputs) return -1;
    EltwiseInput& input = program_.input[program_.inputs];
    if (!data_type(c_.fact_of(v).type, &input.type) ||
        !set_strides(c_.shape_of(v), channel_axis, input.strides))
      return -1;
    inputs_.push_back(v);
    return program_.inputs++;
  }

  bool set_strides(const Shape& shape, int channel_axis, int64_t* strides) const {
    if (shape.size() > out_.size()) return false;
    size_t shift = out_.size() - shape.size();
    if (channel_axis >= 0 && shape.size() == 1 && out_.size() > size_t(channel_axis))
      shift = size_t(channel_axis);
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      if (shape[i] != out_[i + shift] && shape[i] != 1) return false;
      strides[i + shift] = shape[i] == 1 ? 0 : stride;
      stride *= int64_t(shape[i]);
    }
    return true;
  }

  PlanContext& c_;
  const Shape& out_;
  EltwiseProgram program_;
  std::vector<ValueId> inputs_;
  std::unordered_map<ValueId, int> made_;
  int result_ = -1;  // id of the last member's value
};

struct Params {
  EltwisePlan plan;
  int inputs = 0;
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params*>(params);
  EltwiseArgs args;
  args.dst[0] = o[0];
  for (int i = 0; i < p.inputs; ++i) args.src[i] = o[1 + i];
  run_eltwise(p.plan, args, begin, end, scratch);
}

const char* emit(PlanContext& c, const std::vector<const BoundNode*>& members) {
  const BoundNode& last = *members.back();
  const ValueId out = last.outputs[0];
  const Shape& shape = c.shape_of(out);
  if (shape.size() > size_t(kEltwiseRank)) return "the rank is over 8";
  Builder builder(c, shape);
  for (const BoundNode* m : members)
    if (!builder.add(*m, m == &last)) return "the chain has too many inputs or steps";
  builder.finish(c.fact_of(out).type);
  auto params = std::make_shared<Params>();
  if (!plan_eltwise(builder.program(), c.isa(), &params->plan))
    return "the program does not fit the kernel";
  params->inputs = builder.program().inputs;

  std::vector<Place> operands(1);
  double bytes = double(dense_byte_size(c.fact_of(out).type, shape));
  for (ValueId v : builder.inputs()) {
    operands.push_back(c.place_of(v));
    bytes += double(dense_byte_size(c.fact_of(v).type, c.shape_of(v)));
  }
  // In place of an input that has the output's shape and type.
  ValueId reuse = kNone32;
  for (ValueId v : builder.inputs())
    if (c.fact_of(v).type == c.fact_of(out).type && c.shape_of(v) == shape &&
        c.place_of(v).buffer != kNone32)
      reuse = v;
  operands[0] =
      reuse == kNone32 ? c.new_value(out) : c.value_in_place(out, reuse, builder.inputs(), true);
  const double n = double(elements(shape)) * double(members.size());
  StepSpec spec = spec_of(
      params->plan, run,
      members.size() == 1
          ? fmt::format("eltwise_{}_{}", name_of(builder.program().step[0].op), tier_name(c.isa()))
          : fmt::format("eltwise_chain{}_{}", members.size(), tier_name(c.isa())),
      estimate(bytes, 8 * n), 1e-9 * n);
  spec.bytes = bytes;
  const void* raw = params.get();
  c.step(spec, std::move(params), raw, operands);
  return nullptr;
}

const char* plan(PlanContext& c) {
  // A conversion to the same type renames memory.
  if (c.node().op->name.substr(0, 7) == "Convert" && c.in_type(0) == c.out_type()) {
    c.output_view(0, 0);
    return nullptr;
  }
  return emit(c, {&c.bound()});
}

const char* plan_group(PlanContext& c) {
  std::vector<const BoundNode*> members;
  const Shape& shape = c.out_shape();
  for (uint32_t m : c.bound().group) {
    members.push_back(&c.program().nodes[m]);
    if (c.shape_of(members.back()->outputs[0]) != shape) return "shapes inside the chain differ";
  }
  return emit(c, members);
}

}  // namespace

const NodeKind eltwise_node = {"", refusal, prepare, plan};
const NodeKind eltwise_group_node = {"", nullptr, nullptr, plan_group};

}  // namespace vireo::cpu
