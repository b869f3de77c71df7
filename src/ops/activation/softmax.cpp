// Softmax: exp(x - max) / sum along one axis, and LogSoftmax: x - max - log(sum). Softmax of opset
// 1 counts the axis from the front only.
#include "ops/activation/activation.h"

#include <algorithm>
#include <cmath>

#include "core/values.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Softmax& a) { v.on("axis", a.axis); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  if (c.shape(0).rank_is_static()) {
    const int64_t axis = c.attrs<Softmax>().axis;
    if (c.version() == 1 && axis < 0)
      c.fail("axis {} is negative, which opset1 does not allow", axis);
    c.axis(axis, int64_t(c.shape(0).size()));
  }
  c.set_output(0, c.type(0), c.shape(0));
}

template <bool kLog>
void evaluate(EvalContext& c) {
  const Shape& shape = c.shape(0);
  const int64_t given = c.attrs<Softmax>().axis;
  const size_t axis = size_t(given < 0 ? given + int64_t(shape.size()) : given);
  size_t inner = 1, extent = shape[axis];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  std::vector<double> x = load<double>(c.input(0));
  for (size_t at = 0; at < x.size(); at += extent * inner)
    for (size_t i = at; i < at + inner; ++i) {
      double max = x[i], sum = 0;
      for (size_t k = 1; k < extent; ++k) max = std::max(max, x[i + k * inner]);
      for (size_t k = 0; k < extent; ++k) {
        double& v = x[i + k * inner];
        const double e = std::exp(v - max);
        sum += e;
        if (!kLog) v = e;
      }
      const double shift = max + std::log(sum);
      for (size_t k = 0; k < extent; ++k) {
        double& v = x[i + k * inner];
        v = kLog ? v - shift : v / sum;
      }
    }
  store(c.output(0), x);
}

}  // namespace

VIREO_DEFINE_OP(softmax_1){"Softmax",          1, &kAttrType<Softmax>, infer, evaluate<false>,
                           Tolerance::Rounding};
VIREO_DEFINE_OP(softmax_8){"Softmax",          8, &kAttrType<Softmax>, infer, evaluate<false>,
                           Tolerance::Rounding};
VIREO_DEFINE_OP(log_softmax_5){"LogSoftmax",       5, &kAttrType<Softmax>, infer, evaluate<true>,
                               Tolerance::Rounding};

}  // namespace vireo::ops
