// Identity, and the tests of floating-point values: IsFinite, IsInf, IsNaN.
#include <cmath>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {

struct IsInf {
  bool detect_negative = true, detect_positive = true;
};
void visit(AttrVisitor& v, IsInf& a) {
  v.on("detect_negative", a.detect_negative);
  v.on("detect_positive", a.detect_positive);
}

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  c.set_output(0, element::boolean, c.shape(0));
}
void infer_identity(InferContext& c) {
  c.expect_inputs(1, 1);
  c.set_output(0, c.type(0), c.shape(0));
}

template <typename F>
void test(EvalContext& c, F&& f) {
  const std::vector<double> x = load<double>(c.input(0));
  std::vector<uint64_t> r(x.size());
  for (size_t i = 0; i < x.size(); ++i) r[i] = f(x[i]);
  store(c.output(0), r);
}
void evaluate_finite(EvalContext& c) {
  test(c, [](double x) { return std::isfinite(x); });
}
void evaluate_nan(EvalContext& c) {
  test(c, [](double x) { return std::isnan(x); });
}
void evaluate_inf(EvalContext& c) {
  const IsInf& a = c.attrs<IsInf>();
  test(c,
       [&](double x) { return std::isinf(x) && (x < 0 ? a.detect_negative : a.detect_positive); });
}
void evaluate_identity(EvalContext& c) { c.set_output(0, c.input(0)); }

constexpr const AttrType* kPlain = &kAttrType<NoAttrs>;

}  // namespace

VIREO_DEFINE_OP(is_finite_10){"IsFinite",       10,          kPlain, infer, evaluate_finite,
                              Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(is_inf_10){"IsInf",          10,          &kAttrType<IsInf>, infer, evaluate_inf,
                           Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(is_nan_10){"IsNaN",          10,          kPlain, infer, evaluate_nan,
                           Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(identity_16){"Identity",
                             16,
                             kPlain,
                             infer_identity,
                             evaluate_identity,
                             Tolerance::Exact,
                             kElementwise | kMonotone | kMovesInput0};

}  // namespace vireo::ops
