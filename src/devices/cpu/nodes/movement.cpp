// Concat, splits, slices, Broadcast, Tile and Pad: views where memory allows, else strided copies.
#include "ops/movement/movement.h"

#include <numeric>

#include "devices/cpu/nodes/copy_step.h"

namespace vireo::cpu {

namespace {

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_copy(*static_cast<const CopyPlan*>(params), {o[1], o[0]}, begin, end, scratch);
}

}  // namespace

void copy_step(PlanContext& c, const char* kernel, const Shape& shape, Place src,
               const std::vector<int64_t>& src_strides, Place dst,
               const std::vector<int64_t>& dst_strides, int64_t element_bytes) {
  std::vector<int64_t> dims(shape.begin(), shape.end());
  const CopyPlan p = plan_copy(int(dims.size()), dims.data(), src_strides.data(),
                               dst_strides.data(), element_bytes);
  const Place operands[] = {dst, src};
  const double bytes = 2.0 * double(elements(shape) * element_bytes);
  StepSpec spec = spec_of(p, run, kernel, estimate(bytes));
  spec.bytes = bytes;
  c.step(spec, p, operands);
}

namespace {

std::string concat_refusal(const NodeView& node) { return needs_bytes(node); }

const char* plan_concat(PlanContext& c) {
  const Shape& out = c.out_shape();
  const size_t axis = positive_axis(c.attrs<ops::Concat>().axis, out.size());
  const int64_t width = int64_t(c.out_type().size());
  if (c.inputs() == 1) {
    c.output_view(0, 0);
    return nullptr;
  }
  const std::vector<int64_t> dst_strides = byte_strides(out, width);
  const Place dst = c.output(0);
  int64_t at = 0;
  for (size_t i = 0; i < c.inputs(); ++i) {
    const Shape& part = c.shape(i);
    if (elements(part) > 0 && !c.input_is_in_output(i))
      copy_step(c, "concat_copy", part, c.input(i), byte_strides(part, width),
                shifted(dst, at * dst_strides[axis]), dst_strides, width);
    at += int64_t(part[axis]);
  }
  return nullptr;
}

bool joins_rows(const BoundNode& node) {
  const PartialShape& shape = node.node->fact().shape;
  const int64_t axis = node.node->attrs.as<ops::Concat>().axis;
  return node.inputs.size() > 1 && shape.rank_is_static() && shape.size() > 1 &&
         positive_axis(axis, shape.size()) + 1 == shape.size();
}

std::string split_refusal(const NodeView& node) {
  if (!node.constant(1)) return "the axis is not constant";
  return needs_bytes(node);
}

const char* plan_split(PlanContext& c) {
  const Shape& src = c.shape(0);
  const size_t axis = positive_axis(known_ints(*c.value(1))[0], src.size());
  const int64_t width = int64_t(c.out_type().size());
  const std::vector<int64_t> strides = byte_strides(src, width);
  const bool outer = product(src, 0, axis) == 1;
  int64_t at = 0;
  for (size_t i = 0; i < c.bound().outputs.size(); ++i) {
    const Shape part = c.out_shape(i);
    if (outer) {
      c.output_view(i, 0, uint64_t(at * strides[axis]));
    } else {
      const Place dst = c.output(i);
      if (elements(part) > 0)
        copy_step(c, "split_copy", part, shifted(c.input(0), at * strides[axis]), strides, dst,
                  byte_strides(part, width), width);
    }
    at += int64_t(part[axis]);
  }
  return nullptr;
}

// One axis of a slice: where it begins and how it steps in the source.
struct SliceAxis {
  int64_t begin = 0, step = 1;
};

// A view where the elements lie behind one another, else a copy. `kept`: the source axis of each
// output axis, -1 for a new one.
void emit_slice(PlanContext& c, const std::vector<SliceAxis>& axes,
                const std::vector<int64_t>& kept) {
  const Shape &src = c.shape(0), &out = c.out_shape();
  const int64_t width = int64_t(c.out_type().size());
  const std::vector<int64_t> strides = byte_strides(src, width);
  int64_t offset = 0;
  for (size_t i = 0; i < src.size(); ++i) offset += axes[i].begin * strides[i];
  std::vector<int64_t> src_strides(out.size());
  int64_t dense = width;
  bool contiguous = true;
  for (size_t i = out.size(); i-- > 0;) {
    src_strides[i] = kept[i] < 0 ? 0 : strides[size_t(kept[i])] * axes[size_t(kept[i])].step;
    contiguous &= out[i] == 1 || src_strides[i] == dense;
    dense *= int64_t(out[i]);
  }
  if (elements(out) == 0) {
    c.output(0);
  } else if (contiguous) {
    c.output_view(0, 0, uint64_t(offset));
  } else {
    copy_step(c, "slice_copy", out, shifted(c.input(0), offset), src_strides, c.output(0),
              byte_strides(out, width), width);
  }
}

std::string slice_refusal(const NodeView& node) { return needs_bytes(node); }

const char* plan_slice(PlanContext& c) {
  const Shape& src = c.shape(0);
  for (size_t i = 1; i < c.inputs(); ++i)
    if (!c.value(i)) return "the bounds are not known";
  const std::vector<int64_t> start = known_ints(*c.value(1)), step = known_ints(*c.value(3));
  std::vector<int64_t> axes(start.size()), kept(src.size());
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = int64_t(i);
  if (c.inputs() > 4) axes = known_ints(*c.value(4));
  for (size_t i = 0; i < kept.size(); ++i) kept[i] = int64_t(i);
  std::vector<SliceAxis> slices(src.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = positive_axis(axes[i], src.size());
    slices[axis] = {ops::slice_begin(int64_t(src[axis]), start[i], step[i]), step[i]};
  }
  emit_slice(c, slices, kept);
  return nullptr;
}

bool masked(const std::vector<int64_t>& mask, size_t i) { return i < mask.size() && mask[i] != 0; }

const char* plan_strided_slice(PlanContext& c) {
  const auto& a = c.attrs<ops::StridedSlice>();
  const Shape& src = c.shape(0);
  for (size_t i = 1; i < c.inputs(); ++i)
    if (!c.value(i)) return "the bounds are not known";
  const std::vector<int64_t> begin = known_ints(*c.value(1));
  const std::vector<int64_t> step =
      c.inputs() > 3 ? known_ints(*c.value(3)) : std::vector<int64_t>(begin.size(), 1);
  size_t specified = 0;
  for (size_t i = 0; i < begin.size(); ++i)
    specified += !masked(a.new_axis_mask, i) && !masked(a.ellipsis_mask, i);
  std::vector<SliceAxis> slices(src.size());
  std::vector<int64_t> kept;
  size_t axis = 0;
  for (size_t i = 0; i < begin.size(); ++i) {
    if (masked(a.ellipsis_mask, i)) {
      for (size_t k = specified; k < src.size(); ++k) kept.push_back(int64_t(axis++));
    } else if (masked(a.new_axis_mask, i)) {
      kept.push_back(-1);
    } else {
      if (axis >= src.size()) return "more bounds than axes";
      const int64_t extent = int64_t(src[axis]);
      if (masked(a.shrink_axis_mask, i)) {
        slices[axis].begin = begin[i] < 0 ? begin[i] + extent : begin[i];
        if (masked(a.begin_mask, i)) slices[axis].begin = 0;
      } else {
        slices[axis].step = step[i];
        slices[axis].begin = masked(a.begin_mask, i) ? (step[i] < 0 ? extent - 1 : 0)
                                                     : ops::slice_begin(extent, begin[i], step[i]);
        kept.push_back(int64_t(axis));
      }
      ++axis;
    }
  }
  while (axis < src.size()) kept.push_back(int64_t(axis++));
  if (kept.size() != c.out_shape().size()) return "the masks are unusual";
  emit_slice(c, slices, kept);
  return nullptr;
}

bool is_explicit(const NodeView& node) {
  const auto mode = node.attrs<ops::Broadcast>().mode;
  return mode == ops::BroadcastMode::Explicit || mode == ops::BroadcastMode::None;
}

std::string broadcast_refusal(const NodeView& node) {
  if (is_explicit(node) && !node.constant(2)) return "the axes are not constant";
  return needs_bytes(node);
}

// The output axis that each input axis becomes.
std::vector<int64_t> broadcast_axes(PlanContext& c) {
  if (is_explicit(c)) return known_ints(*c.value(2));
  const auto& a = c.attrs<ops::Broadcast>();
  const int64_t shift = int64_t(c.out_shape().size()) - int64_t(c.shape(0).size());
  std::vector<int64_t> axes(c.shape(0).size());
  std::iota(axes.begin(), axes.end(),
            a.mode == ops::BroadcastMode::Pdpd && a.axis >= 0 ? a.axis : shift);
  return axes;
}

const char* plan_broadcast_node(PlanContext& c) {
  const Shape &src = c.shape(0), &out = c.out_shape();
  const int64_t width = int64_t(c.out_type().size());
  const std::vector<int64_t> axes = broadcast_axes(c), dense = byte_strides(src, width);
  std::vector<int64_t> strides(out.size(), 0);
  for (size_t i = 0; i < src.size(); ++i) {
    if (axes[i] < 0 || size_t(axes[i]) >= out.size()) return "an input axis has no output axis";
    if (src[i] != 1 && src[i] != out[size_t(axes[i])]) return "the extents do not broadcast";
    if (src[i] != 1) strides[size_t(axes[i])] = dense[i];
  }
  if (elements(src) == elements(out) && std::is_sorted(axes.begin(), axes.end())) {
    c.output_view(0, 0);
    return nullptr;
  }
  copy_step(c, "broadcast_copy", out, c.input(0), strides, c.output(0), byte_strides(out, width),
            width);
  return nullptr;
}

const char* plan_tile_node(PlanContext& c) {
  const Shape &src = c.shape(0), &out = c.out_shape();
  if (elements(src) == elements(out)) {
    c.output_view(0, 0);
    return nullptr;
  }
  if (out.size() > 6) return "the rank is over 6";
  std::vector<int64_t> dims(out.size(), 1), repeats(out.size());
  for (size_t i = 0; i < src.size(); ++i) dims[i + out.size() - src.size()] = int64_t(src[i]);
  for (size_t i = 0; i < out.size(); ++i) repeats[i] = dims[i] == 0 ? 0 : int64_t(out[i]) / dims[i];
  const int64_t width = int64_t(c.out_type().size());
  const CopyPlan p = plan_tile(int(out.size()), dims.data(), repeats.data(), width);
  const Place operands[] = {c.output(0), c.input(0)};
  c.step(spec_of(p, run, "tile_copy", estimate(2.0 * double(elements(out) * width))), p, operands);
  return nullptr;
}

void run_pad_step(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_pad(*static_cast<const PadPlan*>(params), {o[1], o[2], o[0]}, begin, end, scratch);
}

const char* plan_pad_node(PlanContext& c) {
  const Shape &src = c.shape(0), &out = c.out_shape();
  if (!c.value(1) || !c.value(2)) return "the pads are not known";
  if (src.size() > size_t(kCopyRank)) return "the rank is over 12";
  const std::vector<int64_t> begin = known_ints(*c.value(1)), end = known_ints(*c.value(2));
  const auto mode = c.attrs<ops::Pad>().mode;
  std::vector<int64_t> dims(src.begin(), src.end());
  if (elements(src) == 0) return "the input is empty";
  const int64_t width = int64_t(c.out_type().size());
  const PadMode modes[] = {PadMode::constant, PadMode::edge, PadMode::reflect, PadMode::symmetric};
  const PadPlan p =
      plan_pad(int(src.size()), dims.data(), begin.data(), end.data(), modes[int(mode)], width);
  Place value;
  if (c.inputs() > 3) {
    if (c.in_type(3) != c.out_type()) return "the value has another type";
    value = c.input(3);
  } else {
    alignas(64) static const char zeros[64] = {};
    value = fixed_place(zeros);
  }
  const Place operands[] = {c.output(0), c.input(0), value};
  c.step(spec_of(p, run_pad_step, "pad", estimate(2.0 * double(elements(out) * width))), p,
         operands);
  return nullptr;
}

}  // namespace

const NodeKind concat_node = {"Concat", concat_refusal, nullptr, plan_concat, joins_rows};
const NodeKind split_node = {"Split", split_refusal, nullptr, plan_split};
const NodeKind slice_node = {"Slice", slice_refusal, nullptr, plan_slice};
const NodeKind strided_slice_node = {"StridedSlice", slice_refusal, nullptr, plan_strided_slice};
const NodeKind broadcast_node = {"Broadcast", broadcast_refusal, nullptr, plan_broadcast_node};
const NodeKind tile_node = {"Tile", slice_refusal, nullptr, plan_tile_node};
const NodeKind pad_node = {"Pad", slice_refusal, nullptr, plan_pad_node};

}  // namespace vireo::cpu
