// The layout pass. It goes once along the graph and remembers of every value under which orders of
// axes it is at hand. Operators that work channels last make their results so; operators that do
// not care take the order that their inputs have; only where an operator needs the public order
// does a Transpose appear. A Transpose of the model itself is never executed there: it is a value
// in another order.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/patch.h"

namespace vireo::passes {

// Axis i as stored is axis order[i] of the value. Empty: as it is.
using Order = std::vector<int64_t>;

Order channels_last(size_t rank);  // {0, 2, 3, 1}
bool is_identity(const Order& order);
Order inverse(const Order& order);
// Position of every axis of the value as stored.
inline Order positions(const Order& order) { return inverse(order); }
// The same order when extents of 1 are left out.
bool same_but_ones(const Order& a, const Order& b, const PartialShape& shape);
// What is left of an order when the marked axes of the value go, others numbered anew.
Order without_axes(const Order& order, const std::vector<bool>& gone);

struct Stored {
  OutputRef ref;
  Order order;
};

class Layout {
 public:
  explicit Layout(Graph& graph) : graph_(graph), patch_(graph) {}
  void run();

  const Graph& graph() const { return graph_; }
  Patch& patch() { return patch_; }
  const Fact& fact(OutputRef value) const { return graph_.fact(value); }

  // The form in which a value is at hand. The order is empty or of the full rank, never the
  // identity.
  Stored stored(OutputRef value) const;
  bool is_moved(OutputRef value) const { return !stored(value).order.empty(); }
  // A value in the order wanted, transposed if need be.
  OutputRef as(OutputRef value, const Order& order);
  OutputRef plain(OutputRef value) { return as(value, {}); }
  void set(OutputRef value, OutputRef ref, Order order);
  // A node of the same name and credits; its output i is value {from, i} in that order.
  NodeId emit(NodeId from, const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs);
  NodeId emit_same(NodeId from, std::vector<OutputRef> inputs) {
    return emit(from, *graph_[from].op, graph_[from].attrs, std::move(inputs));
  }
  OutputRef i64(const std::vector<int64_t>& values);
  // Full rank by ones in front, for broadcasting; constants stay constants.
  OutputRef at_rank(OutputRef value, size_t rank);

 private:
  OutputRef transpose(const Stored& from, const Order& order, const PartialShape& shape);
  OutputRef move_ones(const Stored& from, const Order& order, const PartialShape& shape);
  void keep(NodeId id);

  Graph& graph_;
  Patch patch_;
  std::unordered_map<OutputRef, std::vector<Stored>, OutputRefHash> forms_;
};

// Rewrites a node in the order of its inputs, or channels last; false: it needs its inputs as they
// are.
using LayoutFn = bool (*)(Layout&, NodeId);
LayoutFn find_layout(const GraphNode& node);

// By family, listed in table.cpp.
bool layout_convolution(Layout&, NodeId);
bool layout_deconvolution(Layout&, NodeId);
bool layout_max_pool(Layout&, NodeId);
bool layout_avg_pool(Layout&, NodeId);
bool layout_elementwise(Layout&, NodeId);
bool layout_prelu(Layout&, NodeId);
bool layout_transpose(Layout&, NodeId);
bool layout_reshape(Layout&, NodeId);
bool layout_squeeze(Layout&, NodeId);
bool layout_unsqueeze(Layout&, NodeId);
bool layout_concat(Layout&, NodeId);
bool layout_split(Layout&, NodeId);
bool layout_pad(Layout&, NodeId);
bool layout_slice(Layout&, NodeId);
bool layout_strided_slice(Layout&, NodeId);
bool layout_reduce(Layout&, NodeId);
bool layout_axis_attribute(Layout&, NodeId);  // Softmax, LogSoftmax, ShuffleChannels
bool layout_axes_input(Layout&, NodeId);      // MVN, NormalizeL2: input 1 is axes
bool layout_interpolate(Layout&, NodeId);
bool layout_per_axis(Layout&, NodeId);  // Tile, Broadcast: input 1 has a number per axis
bool layout_gather(Layout&, NodeId);
bool layout_shape_of(Layout&, NodeId);
bool layout_matmul(Layout&, NodeId);
bool layout_attention(Layout&, NodeId);
bool layout_cached_attention(Layout&, NodeId);
bool layout_rope(Layout&, NodeId);

}  // namespace vireo::passes
