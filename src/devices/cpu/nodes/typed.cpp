// Element-wise arithmetic of integers and booleans, one node at a time.
#include "devices/cpu/kernels/eltwise/typed.h"

#include <unordered_map>

#include "devices/cpu/nodes/attribute.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

const std::unordered_map<std::string_view, TypedOp>& rows() {
  static const std::unordered_map<std::string_view, TypedOp> table = {
      {"Add", TypedOp::add},
      {"Subtract", TypedOp::sub},
      {"Multiply", TypedOp::mul},
      {"Divide", TypedOp::floor_div},
      {"Mod", TypedOp::mod},
      {"FloorMod", TypedOp::floor_mod},
      {"Maximum", TypedOp::max},
      {"Minimum", TypedOp::min},
      {"SquaredDifference", TypedOp::squared_difference},
      {"Negative", TypedOp::neg},
      {"Abs", TypedOp::abs},
      {"Sign", TypedOp::sign},
      {"BitwiseAnd", TypedOp::bit_and},
      {"BitwiseOr", TypedOp::bit_or},
      {"BitwiseXor", TypedOp::bit_xor},
      {"BitwiseNot", TypedOp::bit_not},
      {"LogicalAnd", TypedOp::logical_and},
      {"LogicalOr", TypedOp::logical_or},
      {"LogicalXor", TypedOp::logical_xor},
      {"LogicalNot", TypedOp::logical_not},
      {"Equal", TypedOp::equal},
      {"NotEqual", TypedOp::not_equal},
      {"Less", TypedOp::less},
      {"LessEqual", TypedOp::less_equal},
      {"Greater", TypedOp::greater},
      {"GreaterEqual", TypedOp::greater_equal},
      {"Select", TypedOp::select},
      {"Convert", TypedOp::convert},
      {"ConvertLike", TypedOp::convert}};
  return table;
}

bool is_integer(element::Type t) {
  return t == element::i8 || t == element::u8 || t == element::i32 || t == element::i64 ||
         t == element::boolean;
}

bool divides(TypedOp op) {
  return op == TypedOp::floor_div || op == TypedOp::mod || op == TypedOp::floor_mod;
}

// Division by zero is an error, and steps do not fail: the divisor must be known.
bool may_divide_by_zero(const NodeView& node) {
  const Tensor* divisor = node.constant(1);
  if (!divisor) return true;
  for (int64_t n : known_ints(*divisor))
    if (n == 0) return true;
  return false;
}

std::string refusal(const NodeView& node) {
  const TypedOp op = rows().at(node.node().op->name);
  if (!is_integer(node.out_type()))
    return fmt::format("the kernel computes integers, the output is {}", node.out_type().name());
  if ((op == TypedOp::bit_not || op == TypedOp::abs || op == TypedOp::neg) &&
      node.out_type() == element::boolean)
    return "the output is boolean";
  for (int i = 0; i < operands_of(op); ++i) {
    const element::Type t = node.in_type(size_t(i));
    if (!is_integer(t) &&
        !(op == TypedOp::convert && t == element::f32 && node.out_type() != element::boolean))
      return fmt::format("the kernel computes integers, input {} is {}", i, t.name());
  }
  if (divides(op) && may_divide_by_zero(node)) return "the divisor may be zero";
  return attribute<std::string>(node.node(), "auto_broadcast", "numpy") == "pdpd"
             ? "pdpd broadcasting"
             : "";
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const TypedPlan*>(params);
  TypedArgs args{};
  for (int i = 0; i < p.operands; ++i) args.src[i] = o[1 + i];
  args.dst = o[0];
  run_typed(p, args, begin, end, scratch);
}

void set_strides(const Shape& shape, size_t rank, int64_t* strides) {
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i + rank - shape.size()] = shape[i] == 1 ? 0 : stride;
    stride *= int64_t(shape[i]);
  }
}

const char* plan(PlanContext& c) {
  TypedOp op = rows().at(c.node().op->name);
  if (op == TypedOp::floor_div && !attribute(c.node(), "m_pythondiv", true)) op = TypedOp::div;
  const Shape& out = c.out_shape();
  if (op == TypedOp::convert && c.in_type(0) == c.out_type()) {
    c.output_view(0, 0);
    return nullptr;
  }
  if (out.size() > size_t(kTypedRank)) return "the rank is over 8";
  int64_t dims[kTypedRank] = {};
  for (size_t i = 0; i < out.size(); ++i) dims[i] = int64_t(out[i]);
  TypedOperand src[3], dst;
  const int count = operands_of(op);
  std::vector<Place> operands(1);
  for (int i = 0; i < count; ++i) {
    if (c.shape(size_t(i)).size() > out.size()) return "an input has more axes than the output";
    data_type(c.in_type(size_t(i)), &src[i].type);
    set_strides(c.shape(size_t(i)), out.size(), src[i].strides);
    operands.push_back(c.input(size_t(i)));
  }
  data_type(c.out_type(), &dst.type);
  set_strides(out, out.size(), dst.strides);
  operands[0] = c.output(0);
  const TypedPlan p = plan_typed(op, int(out.size()), dims, src, dst);
  c.step(spec_of(p, run, fmt::format("eltwise_{}", c.out_type().name()),
                 estimate(20.0 * double(elements(out)))),
         p, operands);
  return nullptr;
}

}  // namespace

const NodeKind typed_node = {"", refusal, nullptr, plan};

}  // namespace vireo::cpu
