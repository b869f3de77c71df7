// Logical operators on booleans, and bitwise ones and shifts on integers.
#include "core/values.h"
#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {
namespace {

struct AndOp {
  template <typename T>
  static T apply(T a, T b) {
    return a & b;
  }
};
struct OrOp {
  template <typename T>
  static T apply(T a, T b) {
    return a | b;
  }
};
struct XorOp {
  template <typename T>
  static T apply(T a, T b) {
    return a ^ b;
  }
};
// Shifts by the width of a type or more leave nothing but the sign.
struct LeftShiftOp {
  template <typename T>
  static T apply(T a, T b) {
    return uint64_t(b) > 63 ? T(0) : T(uint64_t(a) << uint64_t(b));
  }
};
struct RightShiftOp {
  template <typename T>
  static T apply(T a, T b) {
    return a >> (uint64_t(b) > 63 ? 63 : int(b));
  }
};

void infer_logical(InferContext& c) {
  c.expect_inputs(2, 2);
  const element::Type type = c.common_type(0, 2);
  if (type.is_static() && type != element::boolean)
    c.fail("boolean inputs are needed, got {}", type.name());
  c.set_output(0, element::boolean,
               broadcast_shape(c, c.shape(0), c.shape(1), c.attrs<Broadcasting>()));
}
void infer_bitwise(InferContext& c) {
  c.expect_inputs(2, 2);
  const element::Type type = c.common_type(0, 2);
  if (type.is_static() && !type.is_integral())
    c.fail("integers or booleans are needed, got {}", type.name());
  c.set_output(0, type, broadcast_shape(c, c.shape(0), c.shape(1), c.attrs<Broadcasting>()));
}
void infer_shift(InferContext& c) {
  infer_bitwise(c);
  c.expect_integral(0);
}
void infer_not(InferContext& c) {
  c.expect_inputs(1, 1);
  const element::Type type = c.type(0);
  if (c.op().name == "LogicalNot" && type.is_static() && type != element::boolean)
    c.fail("a boolean input is needed, got {}", type.name());
  if (type.is_static() && !type.is_integral())
    c.fail("an integer or boolean is needed, got {}", type.name());
  c.set_output(0, type, c.shape(0));
}

template <typename Op>
void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = std::conditional_t<std::is_same_v<decltype(zero), double>, int64_t, decltype(zero)>;
    store(out, broadcast_map<T>(out.get_shape(), c.shape(0), load<T>(c.input(0)), c.shape(1),
                                load<T>(c.input(1)), c.attrs<Broadcasting>(),
                                [](T a, T b) { return Op::template apply<T>(a, b); }));
  });
}
void evaluate_not(EvalContext& c) {
  const bool logical = c.input(0).get_element_type() == element::boolean;
  std::vector<uint64_t> x = load<uint64_t>(c.input(0));
  for (uint64_t& v : x) v = logical ? uint64_t(v == 0) : ~v;
  store(c.output(0), x);
}

constexpr const AttrType* kAttrs = &kAttrType<Broadcasting>;

}  // namespace

VIREO_DEFINE_OP(logical_and_1){
    "LogicalAnd", 1, kAttrs, infer_logical, evaluate<AndOp>, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(logical_or_1){"LogicalOr",      1,           kAttrs, infer_logical, evaluate<OrOp>,
                              Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(logical_xor_2){
    "LogicalXor", 2, kAttrs, infer_logical, evaluate<XorOp>, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(xor_1){"Xor",       1, kAttrs, infer_logical, evaluate<XorOp>, Tolerance::Exact,
                       kElementwise};
VIREO_DEFINE_OP(logical_not_1){
    "LogicalNot", 1, &kAttrType<NoAttrs>, infer_not, evaluate_not, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(bitwise_and_13){
    "BitwiseAnd", 13, kAttrs, infer_bitwise, evaluate<AndOp>, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(bitwise_or_13){"BitwiseOr",      13,          kAttrs, infer_bitwise, evaluate<OrOp>,
                               Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(bitwise_xor_13){
    "BitwiseXor", 13, kAttrs, infer_bitwise, evaluate<XorOp>, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(bitwise_not_13){
    "BitwiseNot", 13, &kAttrType<NoAttrs>, infer_not, evaluate_not, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(bitwise_left_shift_15){
    "BitwiseLeftShift", 15,          kAttrs, infer_shift, evaluate<LeftShiftOp>,
    Tolerance::Exact,   kElementwise};
VIREO_DEFINE_OP(bitwise_right_shift_15){
    "BitwiseRightShift", 15,          kAttrs, infer_shift, evaluate<RightShiftOp>,
    Tolerance::Exact,    kElementwise};

}  // namespace vireo::ops
