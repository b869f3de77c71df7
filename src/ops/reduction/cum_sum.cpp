// CumSum: running sums along one axis.
#include "core/values.h"
#include "ops/reduction/reduce.h"

namespace vireo::ops {

void visit(AttrVisitor& v, CumSum& a) {
  v.on("exclusive", a.exclusive);
  v.on("reverse", a.reverse);
}

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 2);
  if (c.inputs() == 2) {
    c.expect_integral(1);
    const auto axis = c.scalar_int(1);
    if (axis && c.shape(0).rank_is_static()) c.axis(*axis, int64_t(c.shape(0).size()));
  }
  c.set_output(0, c.type(0), c.shape(0));
}

void evaluate(EvalContext& c) {
  const Shape& shape = c.shape(0);
  const CumSum& attrs = c.attrs<CumSum>();
  const int64_t given = c.inputs() == 2 ? load<int64_t>(c.input(1)).at(0) : 0;
  const int64_t axis = given < 0 ? given + int64_t(shape.size()) : given;
  if (axis < 0 || axis >= int64_t(shape.size()))
    c.fail("axis {} is out of range for rank {}", given, shape.size());
  size_t inner = 1, extent = shape[size_t(axis)];
  for (size_t i = size_t(axis) + 1; i < shape.size(); ++i) inner *= shape[i];
  with_domain(c.input(0).get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> x = load<T>(c.input(0));
    for (size_t at = 0; at < x.size(); at += extent * inner)
      for (size_t i = at; i < at + inner; ++i) {
        T sum = 0;
        for (size_t n = 0; n < extent; ++n) {
          T& v = x[i + (attrs.reverse ? extent - 1 - n : n) * inner];
          const T with = sum + v;
          v = attrs.exclusive ? sum : with;
          sum = with;
        }
      }
    store(c.output(0), x);
  });
}

}  // namespace

VIREO_DEFINE_OP(cum_sum_3){"CumSum", 3, &kAttrType<CumSum>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
