// StridedSlice: begin, end and strides per axis with masks that drop bounds, add, remove or skip
// axes, as in Python.
#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, StridedSlice& a) {
  v.on("begin_mask", a.begin_mask);
  v.on("end_mask", a.end_mask);
  v.on("new_axis_mask", a.new_axis_mask);
  v.on("shrink_axis_mask", a.shrink_axis_mask);
  v.on("ellipsis_mask", a.ellipsis_mask);
}

namespace {

bool is_set(const std::vector<int64_t>& mask, size_t i) { return i < mask.size() && mask[i] != 0; }

// One entry of the slice, or a run of whole axes that an ellipsis or the missing tail stands for.
struct Entry {
  enum Kind { Range, Index, NewAxis, Whole } kind = Whole;
  size_t given = 0;  // position in begin, end and strides
  size_t axis = 0;   // of the data; NewAxis has none
};

std::vector<Entry> plan(const StridedSlice& a, size_t given, size_t rank) {
  size_t used = 0, ellipsis = given;
  for (size_t i = 0; i < given; ++i) {
    if (is_set(a.ellipsis_mask, i) && ellipsis == given)
      ellipsis = i;
    else if (!is_set(a.new_axis_mask, i))
      ++used;
  }
  std::vector<Entry> out;
  size_t axis = 0;
  for (size_t i = 0; i < given; ++i) {
    if (i == ellipsis) {
      for (size_t k = used; k < rank; ++k) out.push_back({Entry::Whole, i, axis++});
    } else if (is_set(a.new_axis_mask, i)) {
      out.push_back({Entry::NewAxis, i, 0});
    } else {
      out.push_back({is_set(a.shrink_axis_mask, i) ? Entry::Index : Entry::Range, i, axis++});
    }
  }
  while (axis < rank) out.push_back({Entry::Whole, given, axis++});
  return out;
}

struct Range {
  int64_t start, stop, step;
};

Range range_of(const StridedSlice& a, size_t i, const std::vector<int64_t>& begin,
               const std::vector<int64_t>& end, const std::vector<int64_t>& step) {
  Range r{begin[i], end[i], i < step.size() ? step[i] : 1};
  if (is_set(a.begin_mask, i)) r.start = r.step < 0 ? INT64_MAX : 0;
  if (is_set(a.end_mask, i)) r.stop = r.step < 0 ? INT64_MIN : INT64_MAX;
  return r;
}

// The extent that a range with an unknown bound keeps, if masks or symbols tell.
Dimension partial_extent(InferContext& c, const Entry& e, const Dimension& extent) {
  const auto& a = c.attrs<StridedSlice>();
  const auto begin = c.ints(1);
  const auto stop = c.dims(2);
  const auto step = c.inputs() > 3 ? c.ints(3) : std::vector<int64_t>(e.given + 1, 1);
  const bool from_start = is_set(a.begin_mask, e.given) || (begin && (*begin)[e.given] == 0);
  if (from_start && step && (*step)[e.given] == 1) {
    if (is_set(a.end_mask, e.given)) return extent;
    if (stop && (extent.same((*stop)[e.given]) || (*stop)[e.given].max() <= extent.min()))
      return (*stop)[e.given];
  }
  return Dimension(0, extent.bounded() ? extent.max() : -1);
}

void infer(InferContext& c) {
  c.expect_inputs(3, 4);
  std::optional<size_t> given;
  for (size_t i = 1; i < c.inputs(); ++i) {
    c.expect_integral(i);
    c.expect_rank(i, 1, 1);
    if (!c.shape(i).is_static()) continue;
    const size_t count = size_t(c.shape(i)[0].get_length());
    if (given && *given != count)
      c.fail("begin, end and strides differ in length: {} and {}", *given, count);
    given = count;
  }
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static() || !given) return c.set_output(0, c.type(0), PartialShape::dynamic());
  const auto& a = c.attrs<StridedSlice>();
  const auto begin = c.ints(1), end = c.ints(2),
             step = c.inputs() > 3 ? c.ints(3) : std::vector<int64_t>(*given, 1);
  PartialShape out;
  for (const Entry& e : plan(a, *given, in.size())) {
    if (e.kind == Entry::NewAxis) {
      out.push_back(Dimension(1));
      continue;
    }
    if (e.axis >= in.size()) c.fail("{} entries are too many for rank {}", *given, in.size());
    const Dimension& extent = in[e.axis];
    if (e.kind == Entry::Whole) out.push_back(extent);
    if (step && e.kind == Entry::Range && (*step)[e.given] == 0) c.fail("stride {} is 0", e.given);
    if (e.kind == Entry::Index && begin && extent.is_static() && !is_set(a.begin_mask, e.given)) {
      const int64_t at = (*begin)[e.given], n = extent.get_length();
      if (at < -n || at >= n)
        c.fail("index {} is out of range for axis {} of extent {}", at, e.axis, n);
    }
    if (e.kind != Entry::Range) continue;
    const bool known = begin && end && step;
    if (!known) {
      out.push_back(partial_extent(c, e, extent));
      continue;
    }
    const Range r = range_of(a, e.given, *begin, *end, *step);
    out.push_back(slice_extent(extent, r.start, r.stop, r.step));
  }
  c.set_output(0, c.type(0), out);
}

void evaluate(EvalContext& c) {
  const auto& a = c.attrs<StridedSlice>();
  c.facts();  // refuses bad bounds
  const Shape& shape = c.shape(0);
  const auto begin = load<int64_t>(c.input(1)), end = load<int64_t>(c.input(2));
  const auto step = c.inputs() > 3 ? load<int64_t>(c.input(3)) : std::vector<int64_t>();
  const std::vector<int64_t> strides = walk_strides(shape);
  ElementWalk walk;
  Shape extents;
  for (const Entry& e : plan(a, begin.size(), shape.size())) {
    if (e.kind == Entry::NewAxis) {
      extents.push_back(1);
      walk.strides.push_back(0);
      continue;
    }
    const int64_t n = int64_t(shape[e.axis]);
    if (e.kind == Entry::Index) {
      const int64_t at = is_set(a.begin_mask, e.given) ? 0 : begin[e.given];
      walk.base += (at < 0 ? at + n : at) * strides[e.axis];
    } else if (e.kind == Entry::Whole) {
      extents.push_back(shape[e.axis]);
      walk.strides.push_back(strides[e.axis]);
    } else {
      const Range r = range_of(a, e.given, begin, end, step);
      extents.push_back(size_t(slice_count(n, r.start, r.stop, r.step)));
      if (extents.back() > 0) walk.base += slice_begin(n, r.start, r.step) * strides[e.axis];
      walk.strides.push_back(extents.back() > 1 ? strides[e.axis] * r.step : strides[e.axis]);
    }
  }
  copy_walk(c.output(0, c.input(0).get_element_type(), extents), extents, c.input(0), walk);
}

}  // namespace

VIREO_DEFINE_OP(strided_slice_1){
    "StridedSlice", 1, &kAttrType<StridedSlice>, infer, evaluate, Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
