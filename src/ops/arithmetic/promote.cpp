// ConvertPromoteTypes: both inputs in the type that holds both, by the rules of PyTorch or NumPy.
#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"

namespace vireo::ops {

struct ConvertPromoteTypes {
  bool promote_unsafe = false, pytorch_scalar_promotion = false;
  element::Type u64_integer_promotion_target = element::f32;
};
void visit(AttrVisitor& v, ConvertPromoteTypes& a) {
  v.on("promote_unsafe", a.promote_unsafe);
  v.on("pytorch_scalar_promotion", a.pytorch_scalar_promotion);
  v.on("u64_integer_promotion_target", a.u64_integer_promotion_target);
}

namespace {

enum class Kind { Boolean, Integer, Real };
Kind kind_of(element::Type t) {
  return t == element::boolean ? Kind::Boolean : t.is_real() ? Kind::Real : Kind::Integer;
}

element::Type signed_of_width(size_t bits) {
  if (bits <= 8) return element::i8;
  if (bits <= 16) return element::i16;
  return bits <= 32 ? element::i32 : element::i64;
}

element::Type wider(element::Type a, element::Type b) {
  return a.bitwidth() >= b.bitwidth() ? a : b;
}

bool is_f8(element::Type t) { return t == element::f8e4m3 || t == element::f8e5m2; }

element::Type promote_reals(element::Type a, element::Type b) {
  if (a.bitwidth() != b.bitwidth()) return wider(a, b);
  if (is_f8(a) && is_f8(b)) return element::f16;
  return element::f32;  // f16 with bf16
}

element::Type promote_integers(element::Type a, element::Type b, const ConvertPromoteTypes& attrs) {
  if (a.is_signed() == b.is_signed()) return wider(a, b);
  const element::Type without = a.is_signed() ? b : a, with = a.is_signed() ? a : b;
  if (without == element::u64) return attrs.u64_integer_promotion_target;
  if (with.bitwidth() > without.bitwidth()) return with;
  return signed_of_width(without.bitwidth() * 2);
}

element::Type promote(const InferContext& c, const ConvertPromoteTypes& attrs) {
  const element::Type a = c.type(0), b = c.type(1);
  if (a == b) return a;
  if (a.is_dynamic() || b.is_dynamic()) return element::dynamic;
  const Kind ka = kind_of(a), kb = kind_of(b);
  if (attrs.pytorch_scalar_promotion && c.shape(0).rank_is_static() &&
      c.shape(1).rank_is_static()) {
    const bool scalar_a = c.shape(0).size() == 0, scalar_b = c.shape(1).size() == 0;
    // A scalar changes a tensor's type only if it is of a higher kind.
    if (scalar_a != scalar_b) {
      const bool scalar_wins = scalar_a ? ka > kb : kb > ka;
      return scalar_a == scalar_wins ? a : b;
    }
  }
  if (ka == Kind::Boolean) return b;
  if (kb == Kind::Boolean) return a;
  if (ka == kb) return ka == Kind::Real ? promote_reals(a, b) : promote_integers(a, b, attrs);
  return ka == Kind::Real ? a : b;
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  const element::Type type = promote(c, c.attrs<ConvertPromoteTypes>());
  c.set_output(0, type, c.shape(0));
  c.set_output(1, type, c.shape(1));
}

void evaluate(EvalContext& c) {
  for (size_t i = 0; i < 2; ++i) {
    const element::Type type = c.facts()[i].type;
    c.set_output(i, evaluate_op(convert_1, Convert{type}, "promote", {c.input(i)})[0]);
  }
}

}  // namespace

VIREO_DEFINE_OP(convert_promote_types_14){"ConvertPromoteTypes", 14,
                                          &kAttrType<ConvertPromoteTypes>, infer, evaluate};

}  // namespace vireo::ops
