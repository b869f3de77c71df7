// LogSoftmax: x - max - log(sum(exp(x - max))) along one axis.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/activation/activation.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  if (c.shape(0).rank_is_static()) c.axis(c.attrs<Softmax>().axis, int64_t(c.shape(0).size()));
  c.set_output(0, c.type(0), c.shape(0));
}

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
      for (size_t k = 0; k < extent; ++k) sum += std::exp(x[i + k * inner] - max);
      const double shift = max + std::log(sum);
      for (size_t k = 0; k < extent; ++k) x[i + k * inner] -= shift;
    }
  store(c.output(0), x);
}

}  // namespace

VIREO_DEFINE_OP(log_softmax_5){"LogSoftmax", 5,        &kAttrType<Softmax>,
                               infer,        evaluate, Tolerance::Rounding};

}  // namespace vireo::ops
