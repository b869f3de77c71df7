// OneHot: a new axis that is `on` where it meets the index and `off` elsewhere. NonZero: where the
// elements are that are not zero.
#include "core/op.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {
namespace {

enum class NegativeIndices { Ignore, Normalize };
constexpr const char* kNegativeNames[] = {"ignore_negative", "normalize"};
struct OneHot {
  int64_t axis = -1;
  NegativeIndices negative = NegativeIndices::Ignore;  // opset 16
};
void visit(AttrVisitor& v, OneHot& a) {
  v.on("axis", a.axis);
  v.on("negative_indices_mode", a.negative, kNegativeNames);
}
struct OneHot1 {
  int64_t axis = -1;
};
void visit(AttrVisitor& v, OneHot1& a) { v.on("axis", a.axis); }

template <typename Context>
OneHot attrs_of(Context& c) {
  return c.version() == 1 ? OneHot{c.template attrs<OneHot1>().axis, NegativeIndices::Ignore}
                          : c.template attrs<OneHot>();
}

void infer_one_hot(InferContext& c) {
  c.expect_inputs(4, 4);
  c.expect_integral(0);
  c.expect_integral(1);
  for (size_t i = 1; i < 4; ++i) c.expect_rank(i, 0, 0);
  const element::Type type = c.common_type(2, 4);
  if (!c.shape(0).rank_is_static()) return c.set_output(0, type, PartialShape::dynamic());
  PartialShape out = c.shape(0);
  Dimension depth;
  if (const auto exact = c.scalar_int(1)) {
    if (*exact < 0) c.fail("depth is {}, below 0", *exact);
    depth = Dimension(*exact);
  } else if (const auto dims = c.dims(1); dims && dims->size() == 1) {
    depth = (*dims)[0];
  }
  out.insert(size_t(c.axis(attrs_of(c).axis, int64_t(out.size()) + 1)), depth);
  c.set_output(0, type, out);
}

void evaluate_one_hot(EvalContext& c) {
  const OneHot a = attrs_of(c);
  Tensor& out = c.output(0);
  const Shape& shape = out.get_shape();
  const size_t axis = wrap_axis(a.axis, shape.size());
  const int64_t depth = int64_t(shape[axis]);
  size_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::vector<int64_t> index = load<int64_t>(c.input(0));
  ElementMover move(out, c.input(3));
  move.fill(0, 0, out.get_size());
  move.from(c.input(2));
  for (size_t i = 0; i < index.size(); ++i) {
    int64_t at = index[i];
    if (at < 0 && a.negative == NegativeIndices::Normalize) at += depth;
    if (at >= 0 && at < depth)
      move((i / inner * size_t(depth) + size_t(at)) * inner + i % inner, 0);
  }
  move.finish();
}

struct NonZero {
  element::Type output_type = element::i64;
};
void visit(AttrVisitor& v, NonZero& a) { v.on("output_type", a.output_type); }

void infer_non_zero(InferContext& c) {
  c.expect_inputs(1, 1);
  const element::Type type = c.attrs<NonZero>().output_type;
  if (type != element::i32 && type != element::i64)
    c.fail("output_type must be i32 or i64, got {}", type.name());
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, type, PartialShape::dynamic(2));
  Dimension most(1);
  for (const Dimension& d : in) most = most * d;
  c.set_output(
      0, type,
      PartialShape{Dimension(int64_t(in.size())), Dimension(0, most.bounded() ? most.max() : -1)});
}

void evaluate_non_zero(EvalContext& c) {
  const Shape& shape = c.shape(0);
  std::vector<int64_t> found;
  with_domain(c.input(0).get_element_type(), [&](auto zero) {
    const auto x = load<decltype(zero)>(c.input(0));
    for (size_t i = 0; i < x.size(); ++i)
      if (x[i] != zero) found.push_back(int64_t(i));
  });
  std::vector<int64_t> positions(shape.size() * found.size());
  int64_t stride = 1;
  for (size_t k = shape.size(); k-- > 0; stride *= int64_t(shape[k]))
    for (size_t i = 0; i < found.size(); ++i)
      positions[k * found.size() + i] = found[i] / stride % int64_t(shape[k]);
  store(c.output(0, c.attrs<NonZero>().output_type, {shape.size(), found.size()}), positions);
}

}  // namespace

VIREO_DEFINE_OP(one_hot_1){"OneHot", 1, &kAttrType<OneHot1>, infer_one_hot, evaluate_one_hot};
VIREO_DEFINE_OP(one_hot_16){"OneHot", 16, &kAttrType<OneHot>, infer_one_hot, evaluate_one_hot};
VIREO_DEFINE_OP(non_zero_3){
    "NonZero",          3, &kAttrType<NonZero>, infer_non_zero, evaluate_non_zero, Tolerance::Exact,
    kDataDependentShape};

}  // namespace vireo::ops
