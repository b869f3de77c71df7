// The walk of the layout pass, and values in several orders.
#include "passes/layout/layout.h"

#include <algorithm>
#include <numeric>

#include "core/values.h"
#include "passes/match.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

Order identity(size_t rank) {
  Order o(rank);
  std::iota(o.begin(), o.end(), 0);
  return o;
}
Order full(const Order& order, size_t rank) { return order.empty() ? identity(rank) : order; }

Order without_ones(const Order& order, const PartialShape& shape) {
  Order out;
  for (int64_t axis : full(order, shape.size()))
    if (shape[size_t(axis)] != Dimension(1)) out.push_back(axis);
  return out;
}

}  // namespace

Order channels_last(size_t rank) {
  Order o{0};
  for (size_t i = 2; i < rank; ++i) o.push_back(int64_t(i));
  o.push_back(1);
  return o;
}

bool is_identity(const Order& order) {
  for (size_t i = 0; i < order.size(); ++i)
    if (order[i] != int64_t(i)) return false;
  return true;
}

Order inverse(const Order& order) {
  Order out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[size_t(order[i])] = int64_t(i);
  return out;
}

bool same_but_ones(const Order& a, const Order& b, const PartialShape& shape) {
  return a == b || without_ones(a, shape) == without_ones(b, shape);
}

Order without_axes(const Order& order, const std::vector<bool>& gone) {
  Order out;
  for (int64_t axis : order) {
    if (gone[size_t(axis)]) continue;
    out.push_back(axis - std::count(gone.begin(), gone.begin() + axis, true));
  }
  return out;
}

Stored Layout::stored(OutputRef value) const {
  const auto it = forms_.find(value);
  return it == forms_.end() || it->second.empty() ? Stored{value, {}} : it->second.front();
}

void Layout::set(OutputRef value, OutputRef ref, Order order) {
  if (is_identity(order)) order.clear();
  forms_[value] = {{ref, std::move(order)}};
}

OutputRef Layout::i64(const std::vector<int64_t>& values) {
  return patch_.constant(make_i64(values));
}

OutputRef Layout::as(OutputRef value, const Order& wanted) {
  const Order order = is_identity(wanted) ? Order{} : wanted;
  auto& forms = forms_[value];
  if (forms.empty()) forms.push_back({value, {}});
  for (const Stored& s : forms)
    if (s.order == order) return s.ref;
  const PartialShape shape = fact(value).shape;
  OutputRef made;
  for (const Stored& s : forms)
    if (!made.valid() && same_but_ones(s.order, order, shape)) made = move_ones(s, order, shape);
  // Large ones are left to the folding stage, which gives their memory back one by one.
  constexpr size_t kLarge = size_t(64) << 10;
  const Tensor constant = fact(value).value;
  if (constant && constant.get_byte_size() < kLarge)
    made = patch_.constant(transposed(constant, full(order, shape.size())));
  if (!made.valid()) made = transpose(forms.front(), order, shape);
  forms_[value].push_back({made, order});
  return made;
}

OutputRef Layout::transpose(const Stored& from, const Order& order, const PartialShape& shape) {
  const Order at = positions(full(from.order, shape.size()));
  std::vector<int64_t> moves;
  for (int64_t axis : full(order, shape.size())) moves.push_back(at[size_t(axis)]);
  return patch_.add(ops::transpose_1, NoAttrs{}, {from.ref, i64(moves)});
}

// Only extents of 1 move: a view. They are taken out and put in elsewhere, which no unknown extent
// can hinder.
OutputRef Layout::move_ones(const Stored& from, const Order& order, const PartialShape& shape) {
  std::vector<int64_t> out, in;
  const Order a = full(from.order, shape.size()), b = full(order, shape.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (shape[size_t(a[i])] == Dimension(1)) out.push_back(int64_t(i));
    if (shape[size_t(b[i])] == Dimension(1)) in.push_back(int64_t(i));
  }
  const OutputRef squeezed = add_public(patch_, "Squeeze", {from.ref, i64(out)});
  return add_public(patch_, "Unsqueeze", {squeezed, i64(in)});
}

OutputRef Layout::at_rank(OutputRef value, size_t rank) {
  const size_t had = fact(value).shape.size();
  if (had == rank) return value;
  if (const Tensor t = fact(value).value) {
    Shape shape(rank - had, 1);
    shape.insert(shape.end(), t.get_shape().begin(), t.get_shape().end());
    return patch_.constant(reshaped(t, shape));
  }
  std::vector<int64_t> axes(rank - had);
  std::iota(axes.begin(), axes.end(), 0);
  return add_public(patch_, "Unsqueeze", {plain(value), i64(axes)});
}

NodeId Layout::emit(NodeId from, const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs) {
  const NodeId made = patch_.add(op, std::move(attrs), std::move(inputs), graph_[from].name).node;
  graph_.arena->edit(made).rt_info = graph_[from].rt_info;
  return made;
}

// The node stays and reads its inputs in their public order.
void Layout::keep(NodeId id) {
  for (size_t i = 0; i < graph_[id].inputs.size(); ++i) {
    const OutputRef value = graph_[id].inputs[i], ref = plain(value);
    if (ref != value) patch_.set_input(id, i, ref);
  }
}

void Layout::run() {
  for (NodeId id : graph_.order()) {
    const GraphNode& node = graph_[id];
    if (node.op == &parameter_op || node.op == &constant_op) continue;
    const LayoutFn fn = find_layout(node);
    if (!fn || !fn(*this, id)) keep(id);
  }
  patch_.apply();
  patch_.release_unread();
}

}  // namespace vireo::passes
