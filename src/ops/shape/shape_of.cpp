// ShapeOf: a tensor's extents as integers; partly known extents are its partly known value.
#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

struct ShapeOf {
  element::Type output_type = element::i64;
};
void visit(AttrVisitor& v, ShapeOf& a) { v.on("output_type", a.output_type); }

void infer(InferContext& c, element::Type type) {
  c.expect_inputs(1, 1);
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, type, PartialShape::dynamic(1));
  c.set_output(0, type, PartialShape{Dimension(int64_t(in.size()))});
  if (!in.is_static()) return c.set_dims(0, in.dims());
  std::vector<int64_t> extents;
  for (const Dimension& d : in) extents.push_back(d.get_length());
  c.set_value(0, make_tensor<int64_t>(type, {in.size()}, extents));
}

void infer_1(InferContext& c) { infer(c, element::i64); }

void infer_3(InferContext& c) {
  const element::Type type = c.attrs<ShapeOf>().output_type;
  if (type != element::i32 && type != element::i64)
    c.fail("output_type must be i32 or i64, got {}", type.name());
  infer(c, type);
}

void evaluate(EvalContext& c) {
  std::vector<int64_t> extents(c.shape(0).begin(), c.shape(0).end());
  const element::Type type =
      c.version() == 1 ? element::Type(element::i64) : c.attrs<ShapeOf>().output_type;
  store(c.output(0, type, {extents.size()}), extents);
}

}  // namespace

VIREO_DEFINE_OP(shape_of_1){"ShapeOf", 1, &kAttrType<NoAttrs>, infer_1, evaluate};
VIREO_DEFINE_OP(shape_of_3){"ShapeOf", 3, &kAttrType<ShapeOf>, infer_3, evaluate};

}  // namespace vireo::ops
