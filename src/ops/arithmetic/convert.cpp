// Convert and ConvertLike: floats to integers truncate and saturate, integers wrap, anything but
// zero is true.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Convert& a) { v.on("destination_type", a.destination_type); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  c.set_output(0, c.attrs<Convert>().destination_type, c.shape(0));
}
void infer_like(InferContext& c) {
  c.expect_inputs(2, 2);
  c.set_output(0, c.type(1), c.shape(0));
}

void saturate(std::vector<double>& x, element::Type type) {
  const int bits = int(type.bitwidth());
  const double low = type.is_signed() ? -std::ldexp(1.0, bits - 1) : 0.0;
  const double high =
      std::ldexp(1.0, type.is_signed() ? bits - 1 : bits);  // exclusive; exact also for 64 bits
  const double last = bits < 64 ? high - 1 : std::nextafter(high, 0.0);
  for (double& v : x) v = std::isnan(v) ? 0.0 : std::min(std::max(std::trunc(v), low), last);
}

void evaluate(EvalContext& c) {
  const Tensor& in = c.input(0);
  Tensor& out = c.output(0);
  const element::Type from = in.get_element_type(), to = out.get_element_type();
  if (from == to) return c.set_output(0, in);
  with_domain(from, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> x = load<T>(in);
    if (to == element::boolean || to == element::u1) {
      for (T& v : x) v = T(v != T(0));
    } else if constexpr (std::is_same_v<T, double>) {
      if (to.is_integral()) {
        saturate(x, to);
        // The largest 64-bit integers are no doubles; saturating loads know them.
        if (to.bitwidth() == 64)
          return to.is_signed() ? store(out, load<int64_t>(in)) : store(out, load<uint64_t>(in));
      }
    }
    store(out, x);
  });
}

}  // namespace

VIREO_DEFINE_OP(convert_1){"Convert",
                           1,
                           &kAttrType<Convert>,
                           infer,
                           evaluate,
                           Tolerance::Exact,
                           kElementwise | kMovesInput0};
VIREO_DEFINE_OP(convert_like_1){
    "ConvertLike", 1, &kAttrType<NoAttrs>, infer_like, evaluate, Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
