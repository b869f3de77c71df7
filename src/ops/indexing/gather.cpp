// Gather: whole slices of the data, chosen by indices along one axis. An index out of range gives
// zeros.
#include "ops/indexing/indexing.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Gather& a) { v.on("batch_dims", a.batch_dims); }

namespace {

// Rank alone is known when the axis is not.
void infer_rank_only(InferContext& c, int64_t batch) {
  if (!c.shape(0).rank_is_static() || !c.shape(1).rank_is_static())
    return c.set_output(0, c.type(0), PartialShape::dynamic());
  if (batch < 0) batch += int64_t(c.shape(1).size());
  c.set_output(0, c.type(0),
               PartialShape::dynamic(int64_t(c.shape(0).size() + c.shape(1).size()) - 1 - batch));
}

void infer(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_integral(1);
  c.expect_integral(2);
  const PartialShape &data = c.shape(0), &indices = c.shape(1);
  int64_t batch = c.version() == 1 ? 0 : c.attrs<Gather>().batch_dims;
  const auto given = c.scalar_int(2);
  if (data.rank_is_static() && data.size() == 0) c.fail("a scalar has no axis to gather along");
  if (!given || !data.rank_is_static() || !indices.rank_is_static())
    return infer_rank_only(c, batch);
  const int64_t axis = c.axis(*given, int64_t(data.size())), index_rank = int64_t(indices.size());
  if (batch < -index_rank || batch > index_rank)
    c.fail("batch_dims {} is out of range for indices of rank {}", batch, index_rank);
  if (batch < 0) batch += index_rank;
  if (batch > axis) c.fail("batch_dims {} is over the axis {}", batch, axis);
  PartialShape out;
  for (int64_t i = 0; i < axis; ++i) {
    Dimension d = data[size_t(i)];
    if (i < batch && !Dimension::merge(d, d, indices[size_t(i)]))
      c.fail("batch extents differ: data of shape {}, indices of shape {}", data.to_string(),
             indices.to_string());
    out.push_back(d);
  }
  for (int64_t i = batch; i < index_rank; ++i) out.push_back(indices[size_t(i)]);
  for (size_t i = size_t(axis) + 1; i < data.size(); ++i) out.push_back(data[i]);
  c.set_output(0, c.type(0), out);
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &data = c.shape(0), &indices = c.shape(1);
  int64_t given = c.version() == 1 ? 0 : c.attrs<Gather>().batch_dims;
  const size_t batch = wrap_axis(given, indices.size());
  const size_t axis = wrap_axis(load<int64_t>(c.input(2))[0], data.size());
  size_t batches = 1, outer = 1, inner = 1, picks = 1;
  for (size_t i = 0; i < batch; ++i) batches *= data[i];
  for (size_t i = batch; i < axis; ++i) outer *= data[i];
  for (size_t i = axis + 1; i < data.size(); ++i) inner *= data[i];
  for (size_t i = batch; i < indices.size(); ++i) picks *= indices[i];
  const std::vector<int64_t> index = load<int64_t>(c.input(1));
  const int64_t extent = int64_t(data[axis]);
  Tensor zero(out.get_element_type(), Shape{});
  if (zero.get_element_type() != element::string) store<int64_t>(zero, {0});
  ElementMover move(out, zero);
  for (int64_t i : index)
    if (i < -extent || i >= extent) {
      move.fill(0, 0, out.get_size());
      break;
    }
  move.from(c.input(0));
  size_t to = 0;
  for (size_t b = 0; b < batches; ++b)
    for (size_t o = 0; o < outer; ++o)
      for (size_t p = 0; p < picks; ++p, to += inner) {
        int64_t i = index[b * picks + p];
        if (i < 0) i += extent;
        if (i >= 0 && i < extent && inner > 0)
          move(to, ((b * outer + o) * size_t(extent) + size_t(i)) * inner, inner);
      }
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(gather_1){"Gather",         1,           &kAttrType<NoAttrs>, infer, evaluate,
                          Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(gather_7){"Gather",         7,           &kAttrType<Gather>, infer, evaluate,
                          Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(gather_8){"Gather",         8,           &kAttrType<Gather>, infer, evaluate,
                          Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
