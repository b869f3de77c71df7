// Element-wise arithmetic, comparison, logic and bits.
#include "frontends/onnx/convert/node.h"
#include "frontends/onnx/reader/tensor.h"

namespace vireo::onnx {
namespace {

const char* ir_name(std::string_view op) {
  struct Pair {
    const char *onnx, *ir;
  };
  static constexpr Pair kPairs[] = {
      {"Add", "Add"},        {"Sub", "Subtract"},    {"Mul", "Multiply"},   {"Div", "Divide"},
      {"And", "LogicalAnd"}, {"Or", "LogicalOr"},    {"Xor", "LogicalXor"}, {"Equal", "Equal"},
      {"Less", "Less"},      {"Greater", "Greater"}, {"Max", "Maximum"},    {"Min", "Minimum"},
      {"Sum", "Add"},        {"Pow", "Power"},       {"Mean", "Add"}};
  for (const Pair& p : kPairs)
    if (op == p.onnx) return p.ir;
  fail(ErrorCode::Internal, "no operator for {}", op);
}

Value fold(Node& n) {
  if (n.inputs() == 0) fail(ErrorCode::InvalidModel, "it has no inputs");
  Value v = n.in(0);
  for (size_t i = 1; i < n.inputs(); ++i) v = binary(ir_name(n.proto.op_type), v, n.in(i));
  return v;
}

Value bound(Node& n, size_t input, const char* op, Value x) {
  if (!n.has(input)) return x;
  return binary(op, x, convert_like(as_scalar(n.in(input)), x));
}

Value cast_to(const Value& x, element::Type type, bool saturate) {
  // 8-bit floats: ONNX saturates unless told otherwise, a plain conversion overflows to NaN or
  // infinity.
  if (saturate && x.type().is_real() && (type == element::f8e4m3 || type == element::f8e5m2)) {
    const double limit = type == element::f8e4m3 ? 448 : 57344;
    return convert(clamp(x, -limit, limit), type);
  }
  // Integers of few bits take the lowest bits of the number, where a direct conversion would
  // saturate.
  if (x.type().is_real() && type.is_packed() && type.is_integral())
    return convert(convert(x, element::i32), type);
  return convert(x, type);
}

}  // namespace

// Before opset 7 the second operand was aligned at `axis` and only if `broadcast` said so.
Outputs legacy_binary(Node& n) {
  Value a = n.in(0), b = n.in(1);
  const int64_t axis = n.integer("axis", -1);
  if (n.integer("broadcast", 0) && axis >= 0 && b.rank() > 0)
    b = unsqueeze(b, iota(b.rank(), a.rank() - normal_axis(axis, a.rank())));
  return binary(ir_name(n.proto.op_type), a, b);
}

// Division of integers truncates in ONNX and in IR with m_pythondiv off.
Outputs div(Node& n) {
  const Value a = n.in(0), b = n.in(1);
  if (a.type().is_real() || a.type().is_dynamic()) return a / b;
  return n.b.add("Divide", 1, {a, b}, {{"m_pythondiv", false}});
}

Outputs variadic(Node& n) { return fold(n); }
Outputs mean(Node& n) { return fold(n) / double(n.inputs()); }

Outputs pow(Node& n) {
  const Value base = n.in(0), exponent = n.in(1);
  if (base.type() == exponent.type()) return binary("Power", base, exponent);
  if (base.type().is_integral() && exponent.type().is_real())
    return convert(binary("Power", convert(base, exponent.type()), exponent), base.type());
  return binary("Power", base, convert_like(exponent, base));
}

Outputs mod(Node& n) { return binary(n.integer("fmod", 0) ? "Mod" : "FloorMod", n.in(0), n.in(1)); }

Outputs reciprocal(Node& n) { return n.b.like(n.in(0), 1) / n.in(0); }
Outputs round(Node& n) { return round_even(n.in(0)); }

Outputs clip_6(Node& n) {
  return clamp(n.in(0), n.real("min", -3.4028234663852886e38),
               n.real("max", 3.4028234663852886e38));
}

Outputs clip_11(Node& n) {
  const Value x = n.in(0);
  if (!n.has(1) && !n.has(2)) return x;
  if (x.type().is_real() && n.has(1) && n.has(2)) {
    const auto low = n.in(1).scalar(), high = n.in(2).scalar();
    if (low && high && *low <= *high) return clamp(x, *low, *high);
  }
  return bound(n, 2, "Minimum", bound(n, 1, "Maximum", x));
}

Outputs is_inf(Node& n) {
  return n.b.add("IsInf", 10, {n.in(0)},
                 {{"detect_negative", n.integer("detect_negative", 1) != 0},
                  {"detect_positive", n.integer("detect_positive", 1) != 0}});
}

Outputs bit_shift(Node& n) {
  const std::string direction = n.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    fail(ErrorCode::InvalidModel, "direction '{}' is neither LEFT nor RIGHT", direction);
  return n.b.add(direction == "LEFT" ? "BitwiseLeftShift" : "BitwiseRightShift", 15,
                 {n.in(0), n.in(1)});
}

Outputs where(Node& n) { return select(n.in(0), n.in(1), n.in(2)); }

Outputs cast(Node& n) {
  return cast_to(n.in(0), element_type(n.integer("to"), "attribute 'to'"),
                 n.integer("saturate", 1) != 0);
}

Outputs cast_like(Node& n) {
  if (n.in(1).type().is_dynamic()) return convert_like(n.in(0), n.in(1));
  return cast_to(n.in(0), n.in(1).type(), n.integer("saturate", 1) != 0);
}

Outputs identity(Node& n) { return n.in(0); }

// Inference: data as they are; the mask, if asked for, is all true.
Outputs dropout(Node& n) {
  Values out{n.in(0)};
  if (n.wants(1)) {
    Tensor yes(element::boolean, Shape{});
    *static_cast<uint8_t*>(yes.data()) = 1;
    Value mask = broadcast(n.b.constant(yes), shape_of(n.in(0)));
    out.push_back(n.opset >= 10 ? mask : convert_like(mask, n.in(0)));
  }
  return out;
}

}  // namespace vireo::onnx
