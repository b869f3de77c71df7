// Rows of a compressed table are taken out before they become numbers, so that the table stays as
// it is:
//
//   Gather(BlockDequantise(table), indices, 0)  becomes  BlockDequantise(Gather(table, indices, 0))
#include "ops/fused/block_format.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

bool rows_first(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode& table = g.arena->producer(n.inputs[0]);
  if (table.op != &ops::block_dequantise_0 || rank_of(g, n.inputs[0]) < 2) return false;
  if (!is_scalar(g, n.inputs[2], 0) || number_attr(n, "batch_dims", 0) != 0) return false;
  const OutputRef rows = remake(patch, g, id, n.attrs, {table.inputs[0], n.inputs[1], n.inputs[2]});
  replace_with(patch, id, remake(patch, g, n.inputs[0].node, table.attrs, {rows}));
  return true;
}

}  // namespace

void add_block_rows(std::vector<Rule>& rules) {
  rules.push_back({"rows-before-blocks", {"Gather"}, rows_first});
}

}  // namespace vireo::passes
