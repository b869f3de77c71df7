// MatMul becomes vireo.MatMul.
#include "ops/fused/fused.h"
#include "ops/matmul/matmul.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

bool matmul(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op->version == 0 || !n.fact().type.is_real() || rank_of(g, n.inputs[0]) < 2 ||
      rank_of(g, n.inputs[1]) < 2)
    return false;
  const auto& a = n.attrs.as<ops::MatMul>();
  ops::FusedMatMul fused;
  fused.transpose_a = a.transpose_a;
  fused.transpose_b = a.transpose_b;
  replace_with(patch, id, patch.add(ops::fused_matmul_0, fused, n.inputs));
  return true;
}

}  // namespace

void add_products(std::vector<Rule>& rules) { rules.push_back({"matmul", {"MatMul"}, matmul}); }

}  // namespace vireo::passes
