// Transpose: axes in another order; an empty order reverses them.
#include "ops/movement/rearrange.h"

#include "core/op.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  c.expect_rank(1, 1, 1);
  const PartialShape& in = c.shape(0);
  const auto order = c.ints(1);
  if (!order) {
    const PartialShape& count = c.shape(1);
    if (in.rank_is_static())
      return c.set_output(0, c.type(0), PartialShape::dynamic(int64_t(in.size())));
    const bool known = count.is_static() && count[0].get_length() > 0;
    return c.set_output(
        0, c.type(0),
        known ? PartialShape::dynamic(count[0].get_length()) : PartialShape::dynamic());
  }
  if (!in.rank_is_static())
    return c.set_output(
        0, c.type(0),
        order->empty() ? PartialShape::dynamic() : PartialShape::dynamic(int64_t(order->size())));
  const size_t rank = in.size();
  PartialShape out;
  if (order->empty()) {
    out = PartialShape(std::vector<Dimension>(in.dims().rbegin(), in.dims().rend()));
    return c.set_output(0, c.type(0), out);
  }
  if (order->size() != rank)
    c.fail("an order of {} axes does not fit rank {}", order->size(), rank);
  std::vector<bool> seen(rank, false);
  for (int64_t axis : *order) {
    if (axis < 0 || size_t(axis) >= rank)
      c.fail("axis {} of the order is out of range for rank {}", axis, rank);
    if (seen[size_t(axis)]) c.fail("axis {} is in the order twice", axis);
    seen[size_t(axis)] = true;
    out.push_back(in[size_t(axis)]);
  }
  c.set_output(0, c.type(0), out);
}

void evaluate(EvalContext& c) {
  const Shape& shape = c.shape(0);
  std::vector<int64_t> order = load<int64_t>(c.input(1));
  if (order.empty())
    for (size_t i = shape.size(); i > 0; --i) order.push_back(int64_t(i - 1));
  const std::vector<int64_t> strides = walk_strides(shape);
  ElementWalk walk;
  for (int64_t axis : order) walk.strides.push_back(strides[size_t(axis)]);
  Tensor& out = c.output(0);
  copy_walk(out, out.get_shape(), c.input(0), walk);
}

}  // namespace

VIREO_DEFINE_OP(transpose_1){"Transpose",      1,           &kAttrType<NoAttrs>, infer, evaluate,
                             Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
