// Eye: ones on a diagonal, for every matrix of a batch.
#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {

struct Eye {
  element::Type output_type = element::f32;
};
void visit(AttrVisitor& v, Eye& a) { v.on("output_type", a.output_type); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(3, 4);
  for (size_t i = 0; i < 3; ++i) c.expect_integral(i);
  const element::Type type = c.attrs<Eye>().output_type;
  PartialShape out;
  if (c.inputs() == 4) {
    c.expect_integral(3);
    c.expect_rank(3, 1, 1);
    if (const auto batch = c.dims(3))
      out = PartialShape(*batch);
    else if (c.shape(3).is_static())
      out = PartialShape::dynamic(int64_t(shape_size(c.shape(3).to_shape())));
    else
      return c.set_output(0, type, PartialShape::dynamic());
  }
  for (size_t i = 0; i < 2; ++i) {
    const auto extent = c.dims(i);
    const auto number = c.scalar_int(i);
    if (number && *number < 0) c.fail("extent {} is negative", *number);
    out.push_back(extent && extent->size() == 1 ? (*extent)[0] : Dimension());
  }
  c.set_output(0, type, out);
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = out.get_shape();
  const size_t columns = shape.back(), rows = shape[shape.size() - 2];
  const int64_t diagonal = load<int64_t>(c.input(2)).at(0);
  std::vector<double> r(out.get_size());
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = int64_t(i % columns) - int64_t(i / columns % rows) == diagonal;
  store(out, r);
}

}  // namespace

VIREO_DEFINE_OP(eye_9){"Eye", 9, &kAttrType<Eye>, infer, evaluate};

}  // namespace vireo::ops
