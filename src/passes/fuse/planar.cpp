// A convolution of few channels reads a picture as users hand it over, [N, C, spatial...]: to bring
// the channels together first would cost more than it saves.
#include "ops/fused/fused.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// Beyond these the short runs of a planar source cost more than the Transpose.
constexpr int64_t kMostChannels = 4, kLeastTaps = 3;

bool read_planar(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  auto a = n.attrs.as<ops::FusedConv>();
  const GraphNode* transpose = made_by(g, n.inputs[0], "Transpose");
  if (n.op != &ops::fused_conv_0 || a.groups != 1 || !transpose || !single_use(g, n.inputs[0]))
    return false;
  const PartialShape &src = g.fact(n.inputs[0]).shape, wei = g.fact(n.inputs[1]).shape;
  const auto order = ints(g, transpose->inputs[1]);
  if (!order || order->size() < 3 || !src.rank_is_static() || wei.is_dynamic()) return false;
  for (size_t i = 1; i < order->size(); ++i)
    if ((*order)[0] != 0 || (*order)[i] != (i + 1 < order->size() ? int64_t(i) + 1 : 1))
      return false;
  if (wei[wei.size() - 1].get_length() > kMostChannels ||
      wei[wei.size() - 2].get_length() < kLeastTaps)
    return false;
  a.planar = true;
  std::vector<OutputRef> inputs = n.inputs;
  inputs[0] = transpose->inputs[0];
  replace_with(patch, id, remake(patch, g, id, a, inputs));
  return true;
}

}  // namespace

void add_planar(std::vector<Rule>& rules) {
  rules.push_back({"read-planar", {"vireo.Conv"}, read_planar});
}

}  // namespace vireo::passes
