// The element-wise operators of unary.inc.
#include <type_traits>

#include "core/values.h"
#include "ops/activation/activation.h"
#include "ops/activation/functions.h"

namespace vireo::ops {
namespace {

enum class Takes { Number, Real };

template <typename T>
T negated(T x) {
  return T(0 - uint64_t(x));
}

template <Takes kTakes>
void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  if (kTakes == Takes::Real) c.expect_real(0);
  const element::Type type = c.type(0);
  if (type == element::boolean || type == element::string)
    c.fail("numbers are needed, got {}", type.name());
  c.set_output(0, type, c.shape(0));
}

template <typename F>
void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> x = load<T>(c.input(0));
    for (T& v : x) v = F::apply(v);
    store(out, x);
  });
}

// What an integer becomes under a real function.
template <typename F, typename T>
T rounded(T x) {
  const double y = std::round(F::apply(double(x)));
  return std::isnan(y)  ? T(0)
         : y >= 9.2e18  ? T(INT64_MAX)
         : y <= -9.2e18 ? T(INT64_MIN)
                        : T(int64_t(y));
}

// clang-format off
#define ROUNDED rounded<Self>(x)
#define VIREO_UNARY(symbol, name, opset, takes, real, integer, tolerance)                              \
  struct Function_##symbol {                                                                           \
    using Self = Function_##symbol;                                                                    \
    static double apply(double x) { return real; }                                                     \
    template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>                          \
    static T apply(T x) { return T(integer); }                                                         \
  };
#include "ops/activation/unary.inc"
#undef VIREO_UNARY
// clang-format on

}  // namespace

#define VIREO_UNARY(symbol, name, opset, takes, real, integer, tolerance) \
  VIREO_DEFINE_OP(symbol){name,                                           \
                          opset,                                          \
                          &kAttrType<NoAttrs>,                            \
                          infer<Takes::takes>,                            \
                          evaluate<Function_##symbol>,                    \
                          Tolerance::tolerance,                           \
                          kElementwise};
#include "ops/activation/unary.inc"
#undef VIREO_UNARY

}  // namespace vireo::ops
