// The shape of a Gather is known from the shapes of what it reads, so that nothing is gathered for
// its shape alone (the past length of a cache that beams reorder, say).
//
//   ShapeOf(Gather(x, i, axis))   becomes  Concat(ShapeOf(x)[:axis], ShapeOf(i), ShapeOf(x)[axis +
//   1:])
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

OutputRef part(Patch& patch, OutputRef shape, int64_t begin, int64_t end) {
  return add_public(patch, "Slice",
                    {shape, i64_constant(patch, {begin}), i64_constant(patch, {end}),
                     i64_constant(patch, {1}), i64_constant(patch, {0})});
}

bool shape_of_gather(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode* gather = made_by(g, n.inputs[0], "Gather");
  if (!gather || number_attr(*gather, "batch_dims", 0) != 0) return false;
  const OutputRef x = gather->inputs[0], indices = gather->inputs[1];
  const auto along = ints(g, gather->inputs[2]);
  const int64_t rank = rank_of(g, x);
  if (!along || along->size() != 1 || rank < 0 || rank_of(g, indices) < 0) return false;
  const int64_t axis = (*along)[0] + ((*along)[0] < 0 ? rank : 0);
  const AttrList type{{"output_type", n.fact().type}};
  const OutputRef shape = add_public(patch, "ShapeOf", {x}, type);
  std::vector<OutputRef> parts;
  if (axis > 0) parts.push_back(part(patch, shape, 0, axis));
  if (rank_of(g, indices) > 0) parts.push_back(add_public(patch, "ShapeOf", {indices}, type));
  if (axis + 1 < rank) parts.push_back(part(patch, shape, axis + 1, rank));
  if (parts.empty()) return false;
  replace_with(patch, id, add_public(patch, "Concat", parts, {{"axis", 0}}));
  return true;
}

}  // namespace

void add_shapes(std::vector<Rule>& rules) {
  rules.push_back({"shape-of-gather", {"ShapeOf"}, shape_of_gather});
}

}  // namespace vireo::passes
