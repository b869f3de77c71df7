// Squeeze and Unsqueeze: extents of 1 go or come.
#include <algorithm>

#include "core/values.h"
#include "ops/movement/movement.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Squeeze& a) { v.on("allow_axis_skip", a.allow_axis_skip); }

namespace {

void infer_all_ones(InferContext& c) {
  PartialShape out;
  for (const Dimension& d : c.shape(0)) {
    if (d.is_dynamic() && d.compatible(Dimension(1)))
      return c.set_output(0, c.type(0), PartialShape::dynamic());
    if (d != Dimension(1)) out.push_back(d);
  }
  c.set_output(0, c.type(0), out);
}

void infer_squeeze(InferContext& c) {
  c.expect_inputs(1, 2);
  const PartialShape& in = c.shape(0);
  const auto axes = c.inputs() > 1 ? c.ints(1) : std::vector<int64_t>{};
  if (c.inputs() > 1) c.expect_integral(1);
  const bool may_skip = c.version() >= 15 && c.attrs<Squeeze>().allow_axis_skip;
  if (!in.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic());
  if (!axes) {
    // Which axes go is unknown, but how many may be.
    const PartialShape& count = c.shape(1);
    const bool known = count.is_static() && !may_skip && shape_size(count.to_shape()) > 0 &&
                       shape_size(count.to_shape()) <= in.size();
    c.set_output(0, c.type(0),
                 known ? PartialShape::dynamic(int64_t(in.size() - shape_size(count.to_shape())))
                       : PartialShape::dynamic());
    return;
  }
  if (axes->empty()) return infer_all_ones(c);
  std::vector<bool> gone(in.size(), false);
  for (int64_t given : *axes) {
    const size_t axis = size_t(c.axis(given, int64_t(in.size())));
    if (in[axis] == Dimension(1) || (!may_skip && in[axis].compatible(Dimension(1)))) {
      gone[axis] = true;
    } else if (!may_skip) {
      c.fail("axis {} has extent {}, only an extent of 1 can go", given, in[axis].to_string());
    } else if (in[axis].compatible(Dimension(1))) {
      return c.set_output(0, c.type(0), PartialShape::dynamic());
    }
  }
  PartialShape out;
  for (size_t i = 0; i < in.size(); ++i)
    if (!gone[i]) out.push_back(in[i]);
  c.set_output(0, c.type(0), out);
}

void infer_unsqueeze(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  const PartialShape& in = c.shape(0);
  auto axes = c.ints(1);
  if (!in.rank_is_static() || (!axes && c.shape(1).is_dynamic()))
    return c.set_output(0, c.type(0), PartialShape::dynamic());
  if (!axes)
    return c.set_output(
        0, c.type(0),
        PartialShape::dynamic(int64_t(in.size() + shape_size(c.shape(1).to_shape()))));
  // An axis given twice counts once.
  std::sort(axes->begin(), axes->end());
  axes->erase(std::unique(axes->begin(), axes->end()), axes->end());
  const int64_t rank = int64_t(in.size() + axes->size());
  for (int64_t& axis : *axes) axis = c.axis(axis, rank);
  std::sort(axes->begin(), axes->end());
  PartialShape out = in;
  for (int64_t axis : *axes) {
    if (size_t(axis) > out.size()) c.fail("axes name one axis of the output twice");
    out.insert(size_t(axis), Dimension(1));
  }
  c.set_output(0, c.type(0), out);
}

void evaluate(EvalContext& c) {
  c.set_output(0, c.input(0).reshaped(c.facts()[0].shape.to_shape()));
}

}  // namespace

VIREO_DEFINE_OP(squeeze_1){
    "Squeeze", 1, &kAttrType<NoAttrs>, infer_squeeze, evaluate, Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(squeeze_15){
    "Squeeze", 15, &kAttrType<Squeeze>, infer_squeeze, evaluate, Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(unsqueeze_1){
    "Unsqueeze", 1, &kAttrType<NoAttrs>, infer_unsqueeze, evaluate, Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
