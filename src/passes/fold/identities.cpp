// What does nothing goes; chains of views become one.
#include <algorithm>

#include "ops/arithmetic/arithmetic.h"
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

bool drop(Patch& patch, const Graph& g, NodeId id, OutputRef by) {
  if (g.fact({id, 0}).type != g.fact(by).type) return false;
  patch.replace({id, 0}, by);
  return true;
}

bool neutral_operand(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const bool sum = n.is("Add"), product = n.is("Multiply");
  const double neutral = sum || n.is("Subtract") ? 0 : 1;
  for (size_t i : {size_t(1), size_t(0)}) {
    if (i == 0 && !sum && !product) continue;
    const OutputRef data = n.inputs[1 - i];
    if (all_equal(g, n.inputs[i], neutral) && keeps_shape(g, data, n.inputs[i]) &&
        !is_constant(g, data))
      return drop(patch, g, id, data);
  }
  return false;
}

bool same_type_convert(Patch& patch, const Graph& g, NodeId id) {
  const OutputRef in = g[id].inputs[0];
  return g.fact(in).type.is_static() && g.fact(in).type == g[id].fact().type &&
         drop(patch, g, id, in);
}

bool same_shape_view(Patch& patch, const Graph& g, NodeId id) {
  const OutputRef in = g[id].inputs[0];
  return same_shape(g.fact(in).shape, g[id].fact().shape) && drop(patch, g, id, in);
}

bool identity_transpose(Patch& patch, const Graph& g, NodeId id) {
  const auto order = ints(g, g[id].inputs[1]);
  if (!order || order->empty() || !std::is_sorted(order->begin(), order->end())) return false;
  return drop(patch, g, id, g[id].inputs[0]);
}

bool zero_pad(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  return all_equal(g, n.inputs[1], 0) && all_equal(g, n.inputs[2], 0) &&
         drop(patch, g, id, n.inputs[0]);
}

bool single_input_concat(Patch& patch, const Graph& g, NodeId id) {
  return g[id].inputs.size() == 1 && drop(patch, g, id, g[id].inputs[0]);
}
bool single_part_split(Patch& patch, const Graph& g, NodeId id) {
  return g[id].outputs.size() == 1 && drop(patch, g, id, g[id].inputs[0]);
}
bool plain_identity(Patch& patch, const Graph& g, NodeId id) {
  return drop(patch, g, id, g[id].inputs[0]);
}

bool is_view(const GraphNode& n) {
  return n.op->version > 0 && (n.is("Reshape") || n.is("Squeeze") || n.is("Unsqueeze"));
}

// A view of a view is one Reshape, if one unknown extent at most is left to say.
bool chained_views(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode& first = g[n.inputs[0].node];
  if (!is_view(first) || !n.fact().shape.rank_is_static()) return false;
  std::vector<int64_t> pattern;
  int unknown = 0;
  for (const Dimension& d : n.fact().shape) {
    if (d == Dimension(0)) return false;
    unknown += d.is_dynamic();
    pattern.push_back(d.is_dynamic() ? -1 : d.get_length());
  }
  if (unknown > 1) return false;
  const OutputRef source = first.inputs[0];
  const OutputRef made =
      same_shape(g.fact(source).shape, n.fact().shape)
          ? source
          : patch.add(ops::reshape_1, ops::Reshape{false}, {source, i64_constant(patch, pattern)});
  if (made != source && !same_shape(g.fact(made).shape, n.fact().shape) &&
      g.fact(made).shape != n.fact().shape)
    return false;
  if (made == source) return drop(patch, g, id, source);
  replace_with(patch, id, made, {n.inputs[0].node});
  return true;
}

// Whole slices.
bool same_shape_slice(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const size_t step = 3;
  if (n.inputs.size() <= step || !all_equal(g, n.inputs[step], 1)) return false;
  return g.fact(n.inputs[0]).shape.is_static() && same_shape_view(patch, g, id);
}

}  // namespace

void add_identities(std::vector<Rule>& rules) {
  rules.push_back({"drop-neutral-operand",
                   {"Add", "Subtract", "Multiply", "Divide", "Power"},
                   neutral_operand});
  rules.push_back({"drop-convert", {"Convert"}, same_type_convert});
  rules.push_back(
      {"drop-view", {"Reshape", "Squeeze", "Unsqueeze", "Broadcast", "Tile"}, same_shape_view});
  rules.push_back({"drop-transpose", {"Transpose"}, identity_transpose});
  rules.push_back({"drop-pad", {"Pad"}, zero_pad});
  rules.push_back({"drop-concat", {"Concat"}, single_input_concat});
  rules.push_back({"drop-split", {"Split", "VariadicSplit"}, single_part_split});
  rules.push_back({"drop-identity", {"Identity"}, plain_identity});
  rules.push_back({"drop-slice", {"Slice", "StridedSlice"}, same_shape_slice});
  rules.push_back({"merge-views", {"Reshape", "Squeeze", "Unsqueeze"}, chained_views});
}

}  // namespace vireo::passes
