// The binary arithmetic operators: one functor and one definition each, over doubles or wrapping
// integers.
#include <cmath>
#include <type_traits>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Divide& a) {
  visit(v, static_cast<Broadcasting&>(a));
  v.on("m_pythondiv", a.m_pythondiv);
}

namespace {

template <typename T>
constexpr bool kReal = std::is_same_v<T, double>;

// Integers wrap, which signed C++ arithmetic may not.
template <typename T>
using Wrapping = std::conditional_t<kReal<T>, double, uint64_t>;

template <typename T>
T checked_divisor(T b) {
  if constexpr (!kReal<T>)
    if (b == 0) fail(ErrorCode::InvalidArgument, "integer division by zero");
  return b;
}

// INT64_MIN / -1 overflows; it wraps like everything else.
template <typename T>
T quotient(T a, T b) {
  if constexpr (std::is_signed_v<T> && !kReal<T>)
    if (b == -1) return T(0 - uint64_t(a));
  return a / checked_divisor(b);
}
template <typename T>
T remainder(T a, T b) {
  if constexpr (kReal<T>) return std::fmod(a, b);
  if constexpr (!kReal<T>) {
    if (std::is_signed_v<T> && b == T(-1)) return 0;
    return a % checked_divisor(b);
  }
}

struct AddOp {
  template <typename T>
  static T apply(T a, T b) {
    return T(Wrapping<T>(a) + Wrapping<T>(b));
  }
};
struct SubtractOp {
  template <typename T>
  static T apply(T a, T b) {
    return T(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct MultiplyOp {
  template <typename T>
  static T apply(T a, T b) {
    return T(Wrapping<T>(a) * Wrapping<T>(b));
  }
};
struct TruncatedDivideOp {
  template <typename T>
  static T apply(T a, T b) {
    return quotient(a, b);
  }
};
struct FlooredDivideOp {
  template <typename T>
  static T apply(T a, T b) {
    const T q = quotient(a, b);
    if constexpr (kReal<T> || !std::is_signed_v<T>) return q;
    return q - T(remainder(a, b) != 0 && (a < 0) != (b < 0));
  }
};
struct ModOp {
  template <typename T>
  static T apply(T a, T b) {
    return remainder(a, b);
  }
};
struct FloorModOp {
  template <typename T>
  static T apply(T a, T b) {
    const T r = remainder(a, b);
    if constexpr (!std::is_signed_v<T>) return r;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
};
struct MaximumOp {
  template <typename T>
  static T apply(T a, T b) {
    return a > b ? a : b;
  }
};
struct MinimumOp {
  template <typename T>
  static T apply(T a, T b) {
    return a < b ? a : b;
  }
};
struct SquaredDifferenceOp {
  template <typename T>
  static T apply(T a, T b) {
    return MultiplyOp::apply(SubtractOp::apply(a, b), SubtractOp::apply(a, b));
  }
};
struct PowerOp {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (kReal<T>) {
      return std::pow(a, b);
    } else {
      if (std::is_signed_v<T> && b < T(0))
        return a == 1 ? 1 : a == T(-1) ? (b % 2 ? a : T(1)) : quotient(T(0), a);
      uint64_t result = 1, base = uint64_t(a);
      for (uint64_t n = uint64_t(b); n; n >>= 1, base *= base)
        if (n & 1) result *= base;
      return T(result);
    }
  }
};

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  const element::Type type = c.common_type(0, 2);
  if (type == element::boolean || type == element::string)
    c.fail("numbers are needed, got {}", type.name());
  const Broadcasting& how =
      c.op().attrs == &kAttrType<Divide> ? c.attrs<Divide>() : c.attrs<Broadcasting>();
  c.set_output(0, type, broadcast_shape(c, c.shape(0), c.shape(1), how));
}

template <typename Op>
void apply_to(EvalContext& c, const Broadcasting& how) {
  Tensor& out = c.output(0);
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    store(out, broadcast_map<T>(out.get_shape(), c.shape(0), load<T>(c.input(0)), c.shape(1),
                                load<T>(c.input(1)), how,
                                [](T a, T b) { return Op::template apply<T>(a, b); }));
  });
}
template <typename Op>
void evaluate(EvalContext& c) {
  apply_to<Op>(c, c.attrs<Broadcasting>());
}
void evaluate_divide(EvalContext& c) {
  const Divide& attrs = c.attrs<Divide>();
  attrs.m_pythondiv ? apply_to<FlooredDivideOp>(c, attrs) : apply_to<TruncatedDivideOp>(c, attrs);
}

constexpr const AttrType* kBroadcasting = &kAttrType<Broadcasting>;
constexpr uint32_t kGrows = kElementwise | kMonotone, kFalls = kElementwise | kAntitoneInput1;

}  // namespace

VIREO_DEFINE_OP(add_1){"Add", 1, kBroadcasting, infer, evaluate<AddOp>, Tolerance::Exact, kGrows};
VIREO_DEFINE_OP(subtract_1){"Subtract",       1,     kBroadcasting, infer, evaluate<SubtractOp>,
                            Tolerance::Exact, kFalls};
// Known bounds are never negative, so a product grows with each factor.
VIREO_DEFINE_OP(multiply_1){"Multiply",       1,     kBroadcasting, infer, evaluate<MultiplyOp>,
                            Tolerance::Exact, kGrows};
VIREO_DEFINE_OP(divide_1){
    "Divide", 1, &kAttrType<Divide>, infer, evaluate_divide, Tolerance::Rounding, kFalls};
VIREO_DEFINE_OP(mod_1){"Mod",       1, kBroadcasting, infer, evaluate<ModOp>, Tolerance::Rounding,
                       kElementwise};
VIREO_DEFINE_OP(floor_mod_1){
    "FloorMod", 1, kBroadcasting, infer, evaluate<FloorModOp>, Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(maximum_1){"Maximum",        1,     kBroadcasting, infer, evaluate<MaximumOp>,
                           Tolerance::Exact, kGrows};
VIREO_DEFINE_OP(minimum_1){"Minimum",        1,     kBroadcasting, infer, evaluate<MinimumOp>,
                           Tolerance::Exact, kGrows};
VIREO_DEFINE_OP(power_1){
    "Power", 1, kBroadcasting, infer, evaluate<PowerOp>, Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(squared_difference_1){
    "SquaredDifference", 1,           kBroadcasting, infer, evaluate<SquaredDifferenceOp>,
    Tolerance::Rounding, kElementwise};

}  // namespace vireo::ops
