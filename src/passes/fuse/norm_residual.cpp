// The sum in front of a norm moves into it.
//
//   x ─ Add r ─ vireo.LayerNorm or vireo.RmsNorm      becomes  the norm with a residual
//
// Only sums that nobody else reads; and only after matrix products took theirs.
#include "ops/fused/fused.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

template <typename Norm>
bool take_sum(Patch& patch, const Graph& g, NodeId id, Norm attrs) {
  const GraphNode& n = g[id];
  const GraphNode* sum = attrs.has_residual ? nullptr : made_by(g, n.inputs[0], "Add");
  if (!sum || !single_use(g, n.inputs[0]) || !is_f32(g, {id, 0})) return false;
  for (OutputRef term : sum->inputs)
    if (is_constant(g, term) || !same_shape(g.fact(term).shape, n.fact().shape)) return false;
  attrs.has_residual = true;
  std::vector<OutputRef> inputs = n.inputs;
  inputs[0] = sum->inputs[0];
  inputs.push_back(sum->inputs[1]);
  replace_with(patch, id, patch.add(*n.op, attrs, inputs), {n.inputs[0].node});
  return true;
}

bool norm_residual(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op == &ops::fused_layer_norm_0)
    return take_sum(patch, g, id, n.attrs.as<ops::FusedLayerNorm>());
  return n.op == &ops::fused_rms_norm_0 && take_sum(patch, g, id, n.attrs.as<ops::FusedRmsNorm>());
}

}  // namespace

void add_norm_residuals(std::vector<Rule>& rules) {
  rules.push_back({"fuse-norm-residual", {"vireo.LayerNorm", "vireo.RmsNorm"}, norm_residual});
}

}  // namespace vireo::passes
