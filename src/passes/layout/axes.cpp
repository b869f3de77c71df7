// Operators that name axes: their axes are renamed to where they are stored.
#include <algorithm>

#include "core/values.h"
#include "ops/activation/activation.h"
#include "ops/fused/fused.h"
#include "ops/matmul/matmul.h"
#include "ops/movement/movement.h"
#include "ops/reduction/reduce.h"
#include "ops/resize/resize.h"
#include "passes/layout/layout.h"
#include "passes/match.h"

namespace vireo::passes {

namespace {

int64_t wrapped(int64_t axis, size_t rank) { return axis < 0 ? axis + int64_t(rank) : axis; }

// A number per axis of the value, put as it is stored.
template <typename T>
std::vector<T> permuted(const std::vector<T>& v, const Order& order) {
  std::vector<T> out;
  for (int64_t axis : order) out.push_back(v[size_t(axis)]);
  return out;
}

// Constant axes as stored, in a tensor of the same shape as before.
OutputRef moved_axes(Layout& l, OutputRef axes, const Order& order) {
  const Tensor& given = l.fact(axes).value;
  if (!given) return {};
  const Order at = positions(order);
  std::vector<int64_t> out;
  for (int64_t axis : load<int64_t>(given)) out.push_back(at[size_t(wrapped(axis, order.size()))]);
  return l.patch().constant(make_tensor(element::i64, given.get_shape(), out));
}

// The node with input 0 as stored and other inputs given; all outputs in the same order.
bool finish(Layout& l, NodeId id, std::vector<OutputRef> inputs, Attrs attrs, const Order& order) {
  const size_t outputs = l.graph()[id].outputs.size();
  const NodeId made = l.emit(id, *l.graph()[id].op, std::move(attrs), std::move(inputs));
  for (uint32_t i = 0; i < outputs; ++i) l.set({id, i}, {made, i}, order);
  return true;
}

// Inputs of the node, the first as stored.
std::vector<OutputRef> with_stored(Layout& l, const GraphNode& n) {
  std::vector<OutputRef> inputs;
  for (OutputRef s : n.inputs) inputs.push_back(inputs.empty() ? l.stored(s).ref : l.plain(s));
  return inputs;
}

}  // namespace

bool layout_split(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!l.is_moved(n.inputs[0])) return false;
  const Order order = l.stored(n.inputs[0]).order;
  std::vector<OutputRef> inputs = with_stored(l, n);
  inputs[1] = moved_axes(l, n.inputs[1], order);
  return inputs[1].valid() && finish(l, id, inputs, n.attrs, order);
}

bool layout_pad(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const auto before = ints(l.graph(), n.inputs[1]), after = ints(l.graph(), n.inputs[2]);
  if (!l.is_moved(n.inputs[0]) || !before || !after) return false;
  const Order order = l.stored(n.inputs[0]).order;
  std::vector<OutputRef> inputs = with_stored(l, n);
  inputs[1] = l.i64(permuted(*before, order));
  inputs[2] = l.i64(permuted(*after, order));
  return finish(l, id, inputs, n.attrs, order);
}

bool layout_slice(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!l.is_moved(n.inputs[0])) return false;
  const Order order = l.stored(n.inputs[0]).order;
  std::vector<OutputRef> inputs = with_stored(l, n);
  if (inputs.size() == 4) {
    const PartialShape& count = l.fact(n.inputs[1]).shape;
    if (count.is_dynamic()) return false;
    std::vector<int64_t> axes;
    for (size_t i = 0; i < shape_size(count.to_shape()); ++i) axes.push_back(positions(order)[i]);
    inputs.push_back(l.i64(axes));
  } else {
    inputs[4] = moved_axes(l, n.inputs[4], order);
  }
  return inputs[4].valid() && finish(l, id, inputs, n.attrs, order);
}

bool layout_strided_slice(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  ops::StridedSlice a = n.attrs.as<ops::StridedSlice>();
  const auto any = [](const std::vector<int64_t>& mask) {
    return std::any_of(mask.begin(), mask.end(), [](int64_t m) { return m != 0; });
  };
  if (!l.is_moved(n.inputs[0]) || any(a.new_axis_mask) || any(a.ellipsis_mask)) return false;
  const Order order = l.stored(n.inputs[0]).order;
  const size_t rank = order.size();
  auto begin = ints(l.graph(), n.inputs[1]), end = ints(l.graph(), n.inputs[2]);
  auto step = n.inputs.size() > 3 ? ints(l.graph(), n.inputs[3]) : std::vector<int64_t>{};
  if (!begin || !end || !step || begin->size() > rank) return false;
  const size_t given = begin->size();
  a.begin_mask.resize(given);
  a.end_mask.resize(given);
  a.begin_mask.resize(rank, 1);
  a.end_mask.resize(rank, 1);
  a.shrink_axis_mask.resize(rank, 0);
  begin->resize(rank, 0);
  end->resize(rank, 0);
  step->resize(rank, 1);
  std::vector<bool> gone(rank);
  for (size_t i = 0; i < rank; ++i) gone[i] = a.shrink_axis_mask[i] != 0;
  a.begin_mask = permuted(a.begin_mask, order);
  a.end_mask = permuted(a.end_mask, order);
  a.shrink_axis_mask = permuted(a.shrink_axis_mask, order);
  a.new_axis_mask.clear();
  a.ellipsis_mask.clear();
  const OutputRef source = l.stored(n.inputs[0]).ref;
  return finish(l, id,
                {source, l.i64(permuted(*begin, order)), l.i64(permuted(*end, order)),
                 l.i64(permuted(*step, order))},
                a, without_axes(order, gone));
}

bool layout_reduce(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!l.is_moved(n.inputs[0]) || !l.fact(n.inputs[1]).value) return false;
  const Order order = l.stored(n.inputs[0]).order;
  std::vector<OutputRef> inputs{l.stored(n.inputs[0]).ref, moved_axes(l, n.inputs[1], order)};
  if (n.attrs.as<ops::Reduce>().keep_dims) return finish(l, id, inputs, n.attrs, order);
  const std::vector<int64_t> axes = load<int64_t>(l.fact(n.inputs[1]).value);
  std::vector<bool> gone(order.size(), false);
  for (int64_t axis : axes) gone[size_t(wrapped(axis, order.size()))] = true;
  return finish(l, id, inputs, n.attrs, without_axes(order, gone));
}

namespace {

// Renames the attribute "axis".
class AxisRenamer : public AttrVisitor {
 public:
  explicit AxisRenamer(const Order& order) : order_(order) {}
  void on(const char* name, int64_t& v) override {
    if (std::string_view(name) == "axis") v = positions(order_)[size_t(wrapped(v, order_.size()))];
  }
  void on(const char*, bool&) override {}
  void on(const char*, double&) override {}
  void on(const char*, std::string&) override {}
  void on(const char*, element::Type&) override {}
  void on(const char*, PartialShape&) override {}
  void on(const char*, std::vector<int64_t>&) override {}
  void on(const char*, std::vector<double>&) override {}
  void on(const char*, std::vector<std::string>&) override {}
  void on(const char*, Tensor&) override {}
  void on(const char*, Body&) override {}
  void on_enum(const char*, int&, span<const char* const>) override {}

 private:
  const Order& order_;
};

}  // namespace

bool layout_axis_attribute(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!l.is_moved(n.inputs[0])) return false;
  const Order order = l.stored(n.inputs[0]).order;
  AxisRenamer renamer(order);
  return finish(l, id, with_stored(l, n), n.attrs.visited(renamer), order);
}

bool layout_axes_input(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (n.inputs.size() < 2 || !l.is_moved(n.inputs[0])) return false;
  const Order order = l.stored(n.inputs[0]).order;
  const OutputRef axes = moved_axes(l, n.inputs[1], order);
  return axes.valid() && finish(l, id, {l.stored(n.inputs[0]).ref, axes}, n.attrs, order);
}

bool layout_interpolate(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const PartialShape& in = l.fact(n.inputs[0]).shape;
  if (!in.rank_is_static() || in.size() < 3 || in.size() > 5) return false;
  const bool one = n.op->version == 1;
  const size_t axes_input = n.op->version == 4 ? 3 : 2;
  // Only axes behind the channels make it an image.
  const auto axes = one ? std::optional(n.attrs.as<ops::Interpolate1>().axes)
                    : n.inputs.size() > axes_input ? ints(l.graph(), n.inputs[axes_input])
                                                   : std::vector<int64_t>{2};
  if (!axes) return false;
  if (!l.is_moved(n.inputs[0]))
    for (int64_t axis : *axes)
      if (wrapped(axis, in.size()) < 2) return false;
  // Sizes and scales are in the order of the axes, which stay as they are listed.
  const Order order =
      l.is_moved(n.inputs[0]) ? l.stored(n.inputs[0]).order : channels_last(in.size());
  const auto move_pads = [&](std::vector<int64_t>& pads) {
    if (pads.empty()) return;
    pads.resize(in.size(), 0);
    pads = permuted(pads, order);
  };
  Attrs attrs = n.attrs;
  std::vector<OutputRef> inputs = n.inputs;
  if (one) {
    auto a = n.attrs.as<ops::Interpolate1>();
    for (int64_t& axis : a.axes) axis = positions(order)[size_t(wrapped(axis, in.size()))];
    move_pads(a.pads_begin);
    move_pads(a.pads_end);
    attrs = a;
  } else {
    auto a = n.attrs.as<ops::Interpolate>();
    move_pads(a.pads_begin);
    move_pads(a.pads_end);
    attrs = a;
    if (inputs.size() > axes_input)
      inputs[axes_input] = moved_axes(l, inputs[axes_input], order);
    else
      inputs.push_back(l.i64(positions(order)));
    if (!inputs[axes_input].valid()) return false;
  }
  inputs[0] = l.as(n.inputs[0], order);
  for (size_t i = 1; i < n.inputs.size(); ++i)
    if (inputs[i] == n.inputs[i]) inputs[i] = l.plain(n.inputs[i]);
  return finish(l, id, inputs, attrs, order);
}

bool layout_per_axis(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const auto numbers = ints(l.graph(), n.inputs[1]);
  if (!l.is_moved(n.inputs[0]) || !numbers || n.inputs.size() != 2) return false;
  if (n.attrs.is<ops::Broadcast>()) {
    const ops::BroadcastMode mode = n.attrs.as<ops::Broadcast>().mode;
    if (mode != ops::BroadcastMode::Numpy && mode != ops::BroadcastMode::Bidirectional)
      return false;
  }
  const Order order = l.stored(n.inputs[0]).order;
  if (numbers->size() != order.size()) return false;
  return finish(l, id, {l.stored(n.inputs[0]).ref, l.i64(permuted(*numbers, order))}, n.attrs,
                order);
}

bool layout_gather(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const Fact& indices = l.fact(n.inputs[1]);
  const auto axis = scalar(l.graph(), n.inputs[2]);
  if (!l.is_moved(n.inputs[0]) || !axis || !indices.shape.rank_is_static() ||
      indices.shape.size() > 1)
    return false;
  if (n.op->version > 1 && number_attr(n, "batch_dims", 0) != 0) return false;
  const Order order = l.stored(n.inputs[0]).order;
  const int64_t from = wrapped(int64_t(*axis), order.size());
  std::vector<OutputRef> inputs = with_stored(l, n);
  inputs[2] = moved_axes(l, n.inputs[2], order);
  std::vector<bool> gone(order.size(), false);
  gone[size_t(from)] = indices.shape.size() == 0;
  return finish(l, id, inputs, n.attrs, without_axes(order, gone));
}

bool layout_shape_of(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!l.is_moved(n.inputs[0])) return false;
  const Stored s = l.stored(n.inputs[0]);
  const NodeId made = l.emit_same(id, {s.ref});
  const OutputRef zero = l.patch().constant(make_i64_scalar(0));
  const OutputRef shape =
      add_public(l.patch(), "Gather", {{made, 0}, l.i64(positions(s.order)), zero});
  l.set({id, 0}, shape, {});
  return true;
}

// A product reads a matrix across for nothing: only the axes before the last two must be in order.
bool layout_matmul(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (n.op->version == 0) return false;
  ops::MatMul a = n.attrs.as<ops::MatMul>();
  std::vector<OutputRef> inputs = n.inputs;
  bool any = false;
  for (size_t i = 0; i < 2; ++i) {
    const Stored s = l.stored(n.inputs[i]);
    Order crossed = s.order;
    if (crossed.size() >= 2) std::swap(crossed[crossed.size() - 1], crossed[crossed.size() - 2]);
    const bool across = !s.order.empty() && same_but_ones(crossed, {}, l.fact(n.inputs[i]).shape) &&
                        is_identity(crossed);
    inputs[i] = across ? s.ref : l.plain(n.inputs[i]);
    if (across) (i == 0 ? a.transpose_a : a.transpose_b) ^= true;
    any = any || across;
  }
  if (!any) return false;
  l.set({id, 0}, {l.emit(id, *n.op, a, inputs), 0}, {});
  return true;
}

}  // namespace vireo::passes
