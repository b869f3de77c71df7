// Concat: tensors one after another along an axis.
#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Concat& a) { v.on("axis", a.axis); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, SIZE_MAX);
  const element::Type type = c.common_type(0, c.inputs());
  size_t rank = SIZE_MAX, first = 0;
  for (size_t i = 0; i < c.inputs(); ++i) {
    if (!c.shape(i).rank_is_static()) continue;
    if (rank != SIZE_MAX && c.shape(i).size() != rank)
      c.fail("input {} of shape {} does not fit input {} of shape {}", i, c.shape(i).to_string(),
             first, c.shape(first).to_string());
    if (rank == SIZE_MAX) first = i;
    rank = c.shape(i).size();
  }
  if (rank == SIZE_MAX) return c.set_output(0, type, PartialShape::dynamic());
  if (rank == 0) c.fail("scalars have no axis to join along");
  const size_t axis = size_t(c.axis(c.attrs<Concat>().axis, int64_t(rank)));
  PartialShape out = c.shape(first);
  Dimension sum(0);
  for (size_t i = 0; i < c.inputs(); ++i) {
    if (!c.shape(i).rank_is_static()) {
      sum = sum + Dimension();
      continue;
    }
    sum = c.inputs() == 1 ? c.shape(i)[axis] : sum + c.shape(i)[axis];
    for (size_t k = 0; k < rank; ++k)
      if (k != axis && !Dimension::merge(out[k], out[k], c.shape(i)[k]))
        c.fail("input {} of shape {} does not fit {} beside axis {}", i, c.shape(i).to_string(),
               out.to_string(), axis);
  }
  out[axis] = sum;
  c.set_output(0, type, out);
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = out.get_shape();
  const size_t axis = wrap_axis(c.attrs<Concat>().axis, shape.size());
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  ElementMover move(out);
  size_t before = 0;
  for (size_t i = 0; i < c.inputs(); ++i) {
    const size_t block = c.shape(i)[axis] * inner;
    move.from(c.input(i));
    for (size_t o = 0; o < outer && block > 0; ++o)
      move(o * shape[axis] * inner + before, o * block, block);
    before += block;
  }
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(concat_1){"Concat",       1, &kAttrType<Concat>, infer, evaluate, Tolerance::Exact,
                          kMovesAllInputs};

}  // namespace vireo::ops
