// Slice, and SliceScatter which writes into what Slice would read.
#include <algorithm>

#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

int64_t slice_begin(int64_t extent, int64_t start, int64_t step) {
  if (start < 0) start = std::max(start + extent, step < 0 ? int64_t(-1) : int64_t(0));
  return std::min(start, step < 0 ? extent - 1 : extent);
}

int64_t slice_count(int64_t extent, int64_t start, int64_t stop, int64_t step) {
  const int64_t begin = slice_begin(extent, start, step);
  if (stop < 0) stop = std::max(stop + extent, step < 0 ? int64_t(-1) : int64_t(0));
  const int64_t end = std::min(stop, step < 0 ? extent - 1 : extent);
  if (step > 0) return begin < end ? (end - begin - 1) / step + 1 : 0;
  return begin > end ? (begin - end - 1) / (step == INT64_MIN ? INT64_MAX : -step) + 1 : 0;
}

Dimension slice_extent(const Dimension& extent, int64_t start, int64_t stop, int64_t step) {
  constexpr int64_t kFar = INT32_MAX;
  if (extent.is_static()) return Dimension(slice_count(extent.get_length(), start, stop, step));
  const bool forward =
      step == 1 && (start == 0 || start <= -kFar) && stop >= std::min(kFar, extent.max());
  const bool backward = step == -1 && (start == -1 || start >= kFar) && stop <= -kFar;
  if (forward || backward) return extent;
  constexpr int64_t kHuge = int64_t(1) << 60;
  // Only a start from one end with a stop from the other can shrink while the extent grows.
  const bool from_end = start < 0 && start > -kFar, to_begin = stop >= 0 && stop < kFar;
  const bool shrinks =
      step > 0 ? from_end && to_begin : !from_end && start < kFar && stop < 0 && stop > -kFar;
  const int64_t widest = extent.bounded() ? extent.max() : kHuge;
  if (shrinks) return Dimension(0, extent.max() == Dimension::kUnbounded ? -1 : extent.max());
  const int64_t most = slice_count(widest, start, stop, step);
  const bool open = !extent.bounded() && most != slice_count(widest / 2, start, stop, step);
  return Dimension(slice_count(extent.min(), start, stop, step), open ? -1 : most);
}

namespace {

struct Bounds {  // per given axis; an unknown value is empty
  std::optional<std::vector<int64_t>> start, stop, step, axes;
  std::optional<std::vector<Dimension>> stop_dims;
  size_t count = 0;
  bool count_known = false;
};

// Inputs `first`.. are start, stop, step and perhaps axes.
Bounds read_bounds(InferContext& c, size_t first) {
  Bounds b;
  for (size_t i = first; i < c.inputs(); ++i) {
    c.expect_integral(i);
    c.expect_rank(i, 1, 1);
    if (!c.shape(i).is_static()) continue;
    const size_t count = size_t(c.shape(i)[0].get_length());
    if (b.count_known && count != b.count)
      c.fail("start, stop, step and axes differ in length: {} and {}", b.count, count);
    b.count = count;
    b.count_known = true;
  }
  b.start = c.ints(first);
  b.stop = c.ints(first + 1);
  if (!b.stop) b.stop_dims = c.dims(first + 1);
  b.step = c.ints(first + 2);
  if (c.inputs() > first + 3) {
    b.axes = c.ints(first + 3);
  } else if (b.count_known) {
    b.axes.emplace();
    for (size_t i = 0; i < b.count; ++i) b.axes->push_back(int64_t(i));
  }
  if (b.step && std::count(b.step->begin(), b.step->end(), 0) > 0) c.fail("a step is 0");
  return b;
}

Dimension one_extent(const Bounds& b, size_t i, const Dimension& extent) {
  if (b.start && b.stop && b.step)
    return slice_extent(extent, (*b.start)[i], (*b.stop)[i], (*b.step)[i]);
  if (b.start && b.step && b.stop_dims && (*b.start)[i] == 0 && (*b.step)[i] == 1) {
    const Dimension& stop = (*b.stop_dims)[i];
    if (extent.same(stop) || stop.max() <= extent.min()) return stop;
  }
  return Dimension(0, extent.bounded() ? extent.max() : -1);
}

PartialShape sliced(InferContext& c, size_t first) {
  const PartialShape& in = c.shape(0);
  const Bounds b = read_bounds(c, first);
  if (!in.rank_is_static()) return PartialShape::dynamic();
  if (in.size() == 0) c.fail("a scalar cannot be sliced");
  if (!b.axes) return PartialShape::dynamic(int64_t(in.size()));
  PartialShape out = in;
  std::vector<bool> seen(in.size(), false);
  for (size_t i = 0; i < b.axes->size(); ++i) {
    const size_t axis = size_t(c.axis((*b.axes)[i], int64_t(in.size())));
    if (seen[axis]) c.fail("axis {} is sliced twice", axis);
    seen[axis] = true;
    out[axis] = one_extent(b, i, in[axis]);
  }
  return out;
}

void infer_slice(InferContext& c) {
  c.expect_inputs(4, 5);
  c.set_output(0, c.type(0), sliced(c, 1));
}

void infer_scatter(InferContext& c) {
  c.expect_inputs(5, 6);
  const element::Type type = c.common_type(0, 2);
  PartialShape expected = sliced(c, 2);
  if (!PartialShape::merge_into(expected, c.shape(1)))
    c.fail("updates of shape {} do not fit the slice of shape {}", c.shape(1).to_string(),
           expected.to_string());
  c.set_output(0, type, c.shape(0));
}

// Where the slice given by inputs `first`.. lies in a dense tensor of the shape; gives the slice's
// extents too.
ElementWalk slice_walk(EvalContext& c, size_t first, Shape& extents) {
  const Shape& shape = c.shape(0);
  extents = shape;
  ElementWalk walk{0, walk_strides(shape)};
  const auto start = load<int64_t>(c.input(first)), stop = load<int64_t>(c.input(first + 1)),
             step = load<int64_t>(c.input(first + 2));
  std::vector<int64_t> axes;
  if (c.inputs() > first + 3) axes = load<int64_t>(c.input(first + 3));
  for (size_t i = 0; i < start.size(); ++i) {
    const size_t axis = axes.empty() ? i : wrap_axis(axes[i], shape.size());
    const int64_t extent = int64_t(shape[axis]);
    extents[axis] = size_t(slice_count(extent, start[i], stop[i], step[i]));
    if (extents[axis] == 0) continue;
    walk.base += slice_begin(extent, start[i], step[i]) * walk.strides[axis];
    walk.strides[axis] *= extents[axis] > 1 ? step[i] : 1;
  }
  return walk;
}

void evaluate_slice(EvalContext& c) {
  c.facts();  // refuses bad axes and steps
  Shape extents;
  const ElementWalk walk = slice_walk(c, 1, extents);
  copy_walk(c.output(0, c.input(0).get_element_type(), extents), extents, c.input(0), walk);
}

void evaluate_scatter(EvalContext& c) {
  Tensor& out = c.output(0);
  Shape extents;
  const ElementWalk walk = slice_walk(c, 2, extents);
  ElementMover move(out, c.input(0));
  move(0, 0, out.get_size());
  move.from(c.input(1));
  copy_walk(move, extents, walk, {0, walk_strides(extents)});
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(slice_8){
    "Slice", 8, &kAttrType<NoAttrs>, infer_slice, evaluate_slice, Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(slice_scatter_15){"SliceScatter", 15, &kAttrType<NoAttrs>, infer_scatter,
                                  evaluate_scatter};

}  // namespace vireo::ops
