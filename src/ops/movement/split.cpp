// Split into equal parts and VariadicSplit into parts of given lengths, along an axis.
#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Split& a) { v.on("num_splits", a.num_splits); }

namespace {

void infer_split(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  c.expect_rank(1, 0, 0);
  const int64_t parts = c.attrs<Split>().num_splits;
  if (parts < 1) c.fail("num_splits is {}, at least 1 is needed", parts);
  if (parts > 1 << 20) c.fail("num_splits is {}, more than can be meant", parts);
  PartialShape out = c.shape(0);
  const auto given = c.scalar_int(1);
  if (out.rank_is_static() && given) {
    Dimension& d = out[size_t(c.axis(*given, int64_t(out.size())))];
    if (d.is_static() && d.get_length() % parts != 0)
      c.fail("an extent of {} does not split into {} equal parts", d.get_length(), parts);
    if (parts > 1)
      d = d.is_static()
              ? Dimension(d.get_length() / parts)
              : Dimension((d.min() + parts - 1) / parts, d.bounded() ? d.max() / parts : -1);
  } else if (out.rank_is_static()) {
    out = PartialShape::dynamic(int64_t(out.size()));
  }
  for (int64_t i = 0; i < parts; ++i) c.set_output(size_t(i), c.type(0), out);
}

// Part lengths with -1 resolved as far as the extent allows.
std::vector<Dimension> part_lengths(InferContext& c, const std::vector<int64_t>& lengths,
                                    const Dimension& extent) {
  int64_t sum = 0, open = -1;
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < -1) c.fail("part {} has length {}", i, lengths[i]);
    if (lengths[i] == -1 && open >= 0) c.fail("the lengths hold -1 more than once");
    if (lengths[i] == -1)
      open = int64_t(i);
    else
      sum += lengths[i];
  }
  if (extent.is_static() && (open < 0 ? sum != extent.get_length() : sum > extent.get_length()))
    c.fail("lengths that sum to {} do not fill an extent of {}", sum, extent.get_length());
  std::vector<Dimension> out;
  for (int64_t length : lengths)
    out.push_back(length >= 0           ? Dimension(length)
                  : lengths.size() == 1 ? extent
                                        : extent - Dimension(sum));
  return out;
}

void infer_variadic(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_integral(1);
  c.expect_integral(2);
  c.expect_rank(2, 1, 1);
  const auto lengths = c.ints(2);
  const auto partial = lengths ? std::nullopt : c.dims(2);
  const auto given = c.scalar_int(1);
  if (!lengths && c.shape(2).is_dynamic())
    c.fail("the number of parts is unknown: lengths have shape {}", c.shape(2).to_string());
  const size_t parts = lengths ? lengths->size() : size_t(c.shape(2)[0].get_length());
  PartialShape out = c.shape(0);
  if (!out.rank_is_static() || !given) {
    if (out.rank_is_static()) out = PartialShape::dynamic(int64_t(out.size()));
    for (size_t i = 0; i < parts; ++i) c.set_output(i, c.type(0), out);
    return;
  }
  const size_t axis = size_t(c.axis(*given, int64_t(out.size())));
  const std::vector<Dimension> extents = lengths   ? part_lengths(c, *lengths, out[axis])
                                         : partial ? *partial
                                                   : std::vector<Dimension>(parts);
  for (size_t i = 0; i < parts; ++i) {
    out[axis] = extents[i];
    c.set_output(i, c.type(0), out);
  }
}

void evaluate(EvalContext& c) {
  const Shape& shape = c.shape(0);
  const size_t axis = wrap_axis(load<int64_t>(c.input(1))[0], shape.size());
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const size_t parts = c.facts().size();
  size_t before = 0;
  for (size_t i = 0; i < parts; ++i) {
    Tensor& out = c.output(i);
    const size_t block = out.get_shape()[axis] * inner;
    ElementMover move(out, c.input(0));
    for (size_t o = 0; o < outer && block > 0; ++o)
      move(o * block, o * shape[axis] * inner + before, block);
    move.finish();
    before += block;
  }
}

}  // namespace

VIREO_DEFINE_OP(split_1){"Split",          1,           &kAttrType<Split>, infer_split, evaluate,
                         Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(variadic_split_1){"VariadicSplit", 1,        &kAttrType<NoAttrs>,
                                  infer_variadic,  evaluate, Tolerance::Exact,
                                  kMovesInput0};

}  // namespace vireo::ops
