// GatherElements: one element per index along an axis. GatherND: slices addressed by whole index
// tuples.
#include "ops/indexing/indexing.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, GatherElements& a) { v.on("axis", a.axis); }

namespace {

void infer_elements(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  const PartialShape& data = c.shape(0);
  PartialShape out = c.shape(1);
  if (data.rank_is_static() && out.rank_is_static() && data.size() != out.size())
    c.fail("data of shape {} and indices of shape {} differ in rank", data.to_string(),
           out.to_string());
  if (data.rank_is_static()) {
    const size_t axis = size_t(c.axis(c.attrs<GatherElements>().axis, int64_t(data.size())));
    if (!out.rank_is_static()) out = PartialShape::dynamic(int64_t(data.size()));
    for (size_t i = 0; i < data.size(); ++i)
      if (i != axis && !Dimension::merge(out[i], out[i], data[i]))
        c.fail("data of shape {} and indices of shape {} differ beside axis {}", data.to_string(),
               c.shape(1).to_string(), axis);
  }
  c.set_output(0, c.type(0), out);
}

void evaluate_elements(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &data = c.shape(0), &shape = out.get_shape();
  const size_t axis = wrap_axis(c.attrs<GatherElements>().axis, data.size());
  const std::vector<int64_t> index = load<int64_t>(c.input(1)), strides = walk_strides(data);
  const int64_t extent = int64_t(data[axis]);
  ElementMover move(out, c.input(0));
  size_t to = 0;
  for_each_index(shape, [&](const std::vector<size_t>& at) {
    int64_t i = index[to];
    if (i < -extent || i >= extent)
      c.fail("index {} is out of range for axis {} of extent {}", i, axis, extent);
    if (i < 0) i += extent;
    int64_t from = i * strides[axis];
    for (size_t k = 0; k < at.size(); ++k)
      if (k != axis) from += int64_t(at[k]) * strides[k];
    move(to++, size_t(from));
  });
  move.finish();
}

void infer_nd(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  const PartialShape &data = c.shape(0), &indices = c.shape(1);
  const int64_t batch = c.attrs<Gather>().batch_dims;
  if (batch < 0) c.fail("batch_dims is {}, below 0", batch);
  if (indices.rank_is_static() && indices.size() == 0)
    c.fail("indices are a scalar, a tuple along the last axis is needed");
  if (!data.rank_is_static() || !indices.rank_is_static() ||
      indices[indices.size() - 1].is_dynamic())
    return c.set_output(0, c.type(0), PartialShape::dynamic());
  const int64_t last = int64_t(indices.size()) - 1, tuple = indices[size_t(last)].get_length();
  if (batch > last || batch > int64_t(data.size()))
    c.fail("batch_dims {} is out of range for shapes {} and {}", batch, data.to_string(),
           indices.to_string());
  if (batch + tuple > int64_t(data.size()))
    c.fail("tuples of {} after {} batch axes are too long for rank {}", tuple, batch, data.size());
  PartialShape out;
  for (int64_t i = 0; i < batch; ++i) {
    Dimension d;
    if (!Dimension::merge(d, data[size_t(i)], indices[size_t(i)]))
      c.fail("batch extents differ: data of shape {}, indices of shape {}", data.to_string(),
             indices.to_string());
    // Opset 5 folds the batch axes into one.
    if (c.version() == 5 && i > 0)
      out[0] = out[0] * d;
    else
      out.push_back(d);
  }
  for (int64_t i = batch; i < last; ++i) out.push_back(indices[size_t(i)]);
  for (size_t i = size_t(batch + tuple); i < data.size(); ++i) out.push_back(data[i]);
  c.set_output(0, c.type(0), out);
}

void evaluate_nd(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &data = c.shape(0), &indices = c.shape(1);
  const size_t batch = size_t(c.attrs<Gather>().batch_dims), tuple = indices.back();
  const std::vector<int64_t> index = load<int64_t>(c.input(1)), strides = walk_strides(data);
  size_t batches = 1, picks = 1, block = 1, batch_size = 1;
  for (size_t i = 0; i < batch; ++i) batches *= data[i];
  for (size_t i = batch; i + 1 < indices.size(); ++i) picks *= indices[i];
  for (size_t i = batch; i < data.size(); ++i) batch_size *= data[i];
  for (size_t i = batch + tuple; i < data.size(); ++i) block *= data[i];
  ElementMover move(out, c.input(0));
  for (size_t p = 0; p < batches * picks && block > 0; ++p) {
    size_t from = p / picks * batch_size;
    for (size_t k = 0; k < tuple; ++k) {
      const int64_t extent = int64_t(data[batch + k]);
      int64_t i = index[p * tuple + k];
      if (i < -extent || i >= extent)
        c.fail("index {} is out of range for axis {} of extent {}", i, batch + k, extent);
      from += size_t((i < 0 ? i + extent : i) * strides[batch + k]);
    }
    move(p * block, from, block);
  }
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(gather_elements_6){
    "GatherElements", 6,           &kAttrType<GatherElements>, infer_elements, evaluate_elements,
    Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(gather_nd_5){
    "GatherND", 5, &kAttrType<Gather>, infer_nd, evaluate_nd, Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(gather_nd_8){
    "GatherND", 8, &kAttrType<Gather>, infer_nd, evaluate_nd, Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
