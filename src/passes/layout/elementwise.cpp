// Element-wise operators and Concat: any order will do, so they take the one that costs least to
// bring about.
#include <algorithm>

#include "ops/movement/movement.h"
#include "passes/layout/layout.h"
#include "passes/match.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

constexpr double kUnknownExtent = 64;

double elements(const PartialShape& s) {
  double n = 1;
  for (const Dimension& d : s) n *= d.is_static() ? double(d.get_length()) : kUnknownExtent;
  return n;
}

// The order for an operator over values of one rank: that for which the fewest elements must be
// transposed.
Order cheapest_order(const Layout& l, const std::vector<OutputRef>& values, size_t rank) {
  std::vector<Order> candidates;
  const auto add = [&](const Order& o) {
    if (std::find(candidates.begin(), candidates.end(), o) == candidates.end())
      candidates.push_back(o);
  };
  // Ties go to the first: channels last, as stored, as it is.
  for (bool last : {true, false})
    for (OutputRef v : values) {
      const Stored s = l.stored(v);
      if (!s.order.empty() && s.order.size() == rank && !l.fact(v).value &&
          (s.order == channels_last(rank)) == last)
        add(s.order);
    }
  if (candidates.empty()) return {};
  add({});
  Order best;
  double least = -1;
  for (const Order& o : candidates) {
    double cost = 0;
    for (OutputRef v : values) {
      const Fact& f = l.fact(v);
      if (f.value || f.shape.size() != rank || same_but_ones(l.stored(v).order, o, f.shape))
        continue;
      cost += elements(f.shape);
    }
    if (least < 0 || cost < least) least = cost, best = o;
  }
  return best;
}

bool one_element(const Fact& f) {
  return f.shape.is_static() && shape_size(f.shape.to_shape()) == 1;
}

bool run(Layout& l, NodeId id, const std::vector<OutputRef>& values) {
  const GraphNode& n = l.graph()[id];
  if (!n.fact().shape.rank_is_static() || n.outputs.size() != 1 || !numpy_broadcast(l.graph(), n))
    return false;
  const size_t rank = n.fact().shape.size();
  for (OutputRef v : values)
    if (!l.fact(v).shape.rank_is_static() || l.fact(v).shape.size() > rank) return false;
  const Order order = cheapest_order(l, values, rank);
  if (order.empty()) return false;
  std::vector<OutputRef> inputs;
  for (OutputRef v : values) {
    const bool leave = one_element(l.fact(v)) && (l.fact(v).shape.size() < rank || l.fact(v).value);
    inputs.push_back(leave ? l.plain(v) : l.as(l.at_rank(v, rank), order));
  }
  const NodeId made = l.emit_same(id, std::move(inputs));
  l.set({id, 0}, {made, 0}, order);
  return true;
}

}  // namespace

bool layout_elementwise(Layout& l, NodeId id) { return run(l, id, l.graph()[id].inputs); }

// A slope of rank 1 lies along axis 1; written out in full it lies where NumPy's rule puts it.
bool layout_prelu(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const Tensor slope = l.fact(n.inputs[1]).value;
  const PartialShape& data = l.fact(n.inputs[0]).shape;
  if (!slope || !data.rank_is_static() || !l.is_moved(n.inputs[0])) return false;
  const Shape& shape = slope.get_shape();
  const bool channels = shape.size() == 1 && data.size() > 1 &&
                        (shape[0] == 1 || data[1] == Dimension(int64_t(shape[0])));
  if (!channels) return run(l, id, n.inputs);
  Shape aligned(data.size(), 1);
  aligned[1] = shape[0];
  return run(l, id, {n.inputs[0], l.patch().constant(reshaped(slope, aligned))});
}

bool layout_concat(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!n.fact().shape.rank_is_static()) return false;
  const size_t rank = n.fact().shape.size();
  const Order order = cheapest_order(l, n.inputs, rank);
  if (order.empty()) return false;
  for (OutputRef v : n.inputs)
    if (!l.fact(v).shape.rank_is_static()) return false;
  std::vector<OutputRef> inputs;
  for (OutputRef v : n.inputs) inputs.push_back(l.as(v, order));
  ops::Concat a = n.attrs.as<ops::Concat>();
  if (a.axis < 0) a.axis += int64_t(rank);
  a.axis = positions(order)[size_t(a.axis)];
  l.set({id, 0}, {l.emit(id, *n.op, a, std::move(inputs)), 0}, order);
  return true;
}

}  // namespace vireo::passes
