// Attention and rotary embedding: heads may lie behind the sequence, the last axis stays last.
#include "ops/fused/fused.h"
#include "passes/layout/layout.h"
#include "passes/match.h"

namespace vireo::passes {

namespace {

const Order kBehind{0, 2, 1, 3};

// Rewrites a node whose first three inputs and first output are [batch, heads, sequence, depth] to
// heads behind the sequence, where most of the three lie so.
template <typename A>
bool with_heads_behind(Layout& l, NodeId id, A attrs) {
  const GraphNode& n = l.graph()[id];
  if (attrs.layout != ops::HeadLayout::Bhsd) return false;
  int moved = 0;
  for (size_t i = 0; i < 3; ++i) {
    if (!l.fact(n.inputs[i]).shape.rank_is_static()) return false;
    const Stored s = l.stored(n.inputs[i]);
    moved += !s.order.empty() && same_but_ones(s.order, kBehind, l.fact(n.inputs[i]).shape);
  }
  if (moved < 2) return false;
  attrs.layout = ops::HeadLayout::Bshd;
  std::vector<OutputRef> inputs;
  for (size_t i = 0; i < n.inputs.size(); ++i)
    inputs.push_back(i < 3 ? l.as(n.inputs[i], kBehind) : l.plain(n.inputs[i]));
  const size_t outputs = n.outputs.size();
  const NodeId made = l.emit(id, *n.op, attrs, inputs);
  l.set({id, 0}, {made, 0}, kBehind);
  for (uint32_t i = 1; i < outputs; ++i) l.set({id, i}, {made, i}, {});
  return true;
}

}  // namespace

bool layout_attention(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  return n.op == &ops::fused_attention_0 &&
         with_heads_behind(l, id, n.attrs.as<ops::FusedAttention>());
}

bool layout_cached_attention(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  return n.op == &ops::fused_cached_attention_0 &&
         with_heads_behind(l, id, n.attrs.as<ops::FusedCachedAttention>());
}

bool layout_rope(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const Order order = l.stored(n.inputs[0]).order;
  if (order.empty() || order.back() != int64_t(order.size()) - 1) return false;
  std::vector<OutputRef> inputs;
  for (OutputRef in : n.inputs) {
    const PartialShape& s = l.fact(in).shape;
    if (!s.rank_is_static() || s.size() > order.size()) return false;
  }
  for (OutputRef in : n.inputs) inputs.push_back(l.as(l.at_rank(in, order.size()), order));
  l.set({id, 0}, {l.emit_same(id, std::move(inputs)), 0}, order);
  return true;
}

}  // namespace vireo::passes
