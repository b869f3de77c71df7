// Reshape: the same elements under another shape; -1 takes the rest, 0 copies an extent if
// special_zero says so.
#include <algorithm>

#include "core/values.h"
#include "ops/movement/movement.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Reshape& a) { v.on("special_zero", a.special_zero); }

namespace {

bool multiply(int64_t& product, int64_t by) {
  if (by != 0 && product > INT64_MAX / by) return false;
  product *= by;
  return true;
}

// What is left for one unknown extent: the input's elements over those of the other output extents.
// `used` marks input extents that the output copies; `known` are the other output extents.
// Equal symbols cancel, so that [N,S,768] into [N,S,12,?] knows 64 without knowing N.
Dimension remaining_extent(const std::vector<Dimension>& input, const std::vector<Dimension>& known,
                           std::vector<bool> used, bool& indivisible) {
  std::vector<Dimension> over;
  int64_t divisor = 1, product = 1;
  for (const Dimension& d : known) {
    if (d.is_static()) {
      if (!multiply(divisor, d.get_length())) return {};
      continue;
    }
    size_t i = 0;
    while (i < input.size() && (used[i] || !input[i].same(d))) ++i;
    if (i == input.size()) return {};
    used[i] = true;
  }
  for (size_t i = 0; i < input.size(); ++i) {
    if (used[i]) continue;
    if (input[i].is_dynamic())
      over.push_back(input[i]);
    else if (!multiply(product, input[i].get_length()))
      return {};
  }
  if (divisor == 0) return {};
  if (over.empty()) {
    indivisible = product % divisor != 0;
    return indivisible ? Dimension() : Dimension(product / divisor);
  }
  if (product == divisor && over.size() == 1) return over[0];
  Dimension all(product);
  for (const Dimension& d : over) all = all * d;
  return all / divisor;
}

void check_count(InferContext& c, const PartialShape& out) {
  if (c.shape(0).is_dynamic() || out.is_dynamic()) return;
  if (shape_size(c.shape(0).to_shape()) != shape_size(out.to_shape()))
    c.fail("{} elements of shape {} do not fill shape {}", shape_size(c.shape(0).to_shape()),
           c.shape(0).to_string(), out.to_string());
}

struct Target {
  std::vector<Dimension> extents;
  std::vector<size_t> rest;  // entries that may be anything, or are -1
  std::vector<bool> copies;  // entries that are the input's extent at their place
};

Target target(InferContext& c) {
  const auto exact = c.ints(1);
  const auto partial = exact ? std::nullopt : c.dims(1);
  const size_t rank = exact ? exact->size() : partial->size();
  const PartialShape& in = c.shape(0);
  Target t{std::vector<Dimension>(rank), {}, std::vector<bool>(rank, false)};
  for (size_t i = 0; i < rank; ++i) {
    const bool zero = exact ? (*exact)[i] == 0 : (*partial)[i] == Dimension(0);
    if (exact && (*exact)[i] < -1) c.fail("pattern entry {} is {}, below -1", i, (*exact)[i]);
    if (zero && c.attrs<Reshape>().special_zero) {
      if (!in.rank_is_static()) continue;
      if (i >= in.size())
        c.fail("pattern entry {} copies an extent that shape {} does not have", i, in.to_string());
      t.extents[i] = in[i];
      t.copies[i] = true;
    } else if (exact ? (*exact)[i] == -1
                     : !(*partial)[i].bounded() && (*partial)[i].symbol() == 0) {
      t.rest.push_back(i);
    } else {
      t.extents[i] = exact ? Dimension((*exact)[i]) : (*partial)[i];
    }
  }
  if (exact && t.rest.size() > 1) c.fail("the pattern holds -1 more than once");
  return t;
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  c.expect_rank(1, 0, 1);
  if (!c.ints(1) && !c.dims(1)) {
    const PartialShape& pattern = c.shape(1);
    const bool known = pattern.rank_is_static() && pattern.is_static();
    c.set_output(0, c.type(0),
                 known ? PartialShape::dynamic(int64_t(shape_size(pattern.to_shape())))
                       : PartialShape::dynamic());
    return;
  }
  const Target t = target(c);
  std::vector<Dimension> out = t.extents;
  if (t.rest.size() == 1 && c.shape(0).rank_is_static()) {
    std::vector<Dimension> known;
    std::vector<bool> used(c.shape(0).size(), false);
    for (size_t i = 0; i < out.size(); ++i) {
      if (t.copies[i])
        used[i] = true;
      else if (i != t.rest[0])
        known.push_back(out[i]);
    }
    bool indivisible = false;
    Dimension& open = out[t.rest[0]];
    open = remaining_extent(c.shape(0).dims(), known, used, indivisible);
    // With no elements at all, anything fills the shape; 0 is what is written then.
    if (open.is_dynamic() && c.shape(0).is_static() && shape_size(c.shape(0).to_shape()) == 0)
      open = Dimension(0);
    if (indivisible)
      c.fail("shape {} cannot become {}", c.shape(0).to_string(), PartialShape(out).to_string());
  }
  check_count(c, PartialShape(out));
  c.set_output(0, c.type(0), PartialShape(std::move(out)));
}

void evaluate(EvalContext& c) {
  c.set_output(0, c.input(0).reshaped(c.facts()[0].shape.to_shape()));
}

}  // namespace

VIREO_DEFINE_OP(reshape_1){"Reshape",        1,           &kAttrType<Reshape>, infer, evaluate,
                           Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
