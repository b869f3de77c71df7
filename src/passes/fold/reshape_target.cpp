// The target of a Reshape that is computed from shapes becomes a constant pattern where inference
// knows what comes out: then nothing is left that computes shapes.
//
//   Reshape(x [N, S, 768], Concat(ShapeOf(x)[0], ShapeOf(x)[1], 12, 64))
//   becomes Reshape(x, [0, 0, 12, 64])
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

bool constant_target(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const PartialShape &in = g.fact(n.inputs[0]).shape, &out = n.fact().shape;
  if (is_constant(g, n.inputs[1]) || !in.rank_is_static() || !out.rank_is_static()) return false;
  std::vector<int64_t> pattern;
  int open = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i].is_static()) {
      if (out[i].get_length() == 0) return false;
      pattern.push_back(out[i].get_length());
    } else if (i < in.size() && in[i].same(out[i])) {
      pattern.push_back(0);
    } else {
      pattern.push_back(-1);
      if (++open > 1) return false;
    }
  }
  const OutputRef made =
      patch.add(ops::reshape_1, ops::Reshape{true}, {n.inputs[0], i64_constant(patch, pattern)});
  if (!same_shape(g.fact(made).shape, out)) return false;
  replace_with(patch, id, made);
  return true;
}

}  // namespace

void add_reshape_targets(std::vector<Rule>& rules) {
  rules.push_back({"constant-reshape-target", {"Reshape"}, constant_target});
}

}  // namespace vireo::passes
