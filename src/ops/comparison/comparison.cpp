// Comparisons of two tensors of one type, boolean result.
#include "core/values.h"
#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {
namespace {

struct EqualOp {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return a == b;
  }
};
struct NotEqualOp {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return !(a == b);
  }
};
struct GreaterOp {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return a > b;
  }
};
struct GreaterEqualOp {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return a >= b;
  }
};
struct LessOp {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return a < b;
  }
};
struct LessEqualOp {
  template <typename T>
  static bool apply(const T& a, const T& b) {
    return a <= b;
  }
};

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.common_type(0, 2);
  c.set_output(0, element::boolean,
               broadcast_shape(c, c.shape(0), c.shape(1), c.attrs<Broadcasting>()));
}

std::vector<std::string> strings_of(const Tensor& t) {
  const std::string* data = t.data<std::string>();
  return {data, data + t.get_size()};
}

template <typename Op>
void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const auto compare = [&](const auto& a, const auto& b) {
    using T = typename std::decay_t<decltype(a)>::value_type;
    store(out, broadcast_map<uint64_t>(
                   out.get_shape(), c.shape(0), a, c.shape(1), b, c.attrs<Broadcasting>(),
                   [](const T& x, const T& y) { return uint64_t(Op::apply(x, y)); }));
  };
  if (c.input(0).get_element_type() == element::string)
    return compare(strings_of(c.input(0)), strings_of(c.input(1)));
  with_domain(c.input(0).get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    compare(load<T>(c.input(0)), load<T>(c.input(1)));
  });
}

constexpr const AttrType* kAttrs = &kAttrType<Broadcasting>;

}  // namespace

VIREO_DEFINE_OP(equal_1){"Equal",          1,           kAttrs, infer, evaluate<EqualOp>,
                         Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(not_equal_1){"NotEqual",       1,           kAttrs, infer, evaluate<NotEqualOp>,
                             Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(greater_1){"Greater",        1,           kAttrs, infer, evaluate<GreaterOp>,
                           Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(greater_equal_1){
    "GreaterEqual", 1, kAttrs, infer, evaluate<GreaterEqualOp>, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(less_1){"Less", 1, kAttrs, infer, evaluate<LessOp>, Tolerance::Exact, kElementwise};
VIREO_DEFINE_OP(less_equal_1){"LessEqual",      1,           kAttrs, infer, evaluate<LessEqualOp>,
                              Tolerance::Exact, kElementwise};

}  // namespace vireo::ops
