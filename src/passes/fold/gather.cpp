// A Gather of elements that lie at even steps is a Slice, which can be a view.
//
//   Gather(x, 2, axis)          becomes  Squeeze(Slice(x, [2, 3)), axis)
//   Gather(x, [0, 2, 4], axis)  becomes  Slice(x, [0, 5), step 2)
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// The distance between neighbours; 0 if they differ or do not rise.
int64_t common_step(const std::vector<int64_t>& at) {
  if (at.size() == 1) return 1;
  const int64_t step = at[1] - at[0];
  for (size_t i = 1; i < at.size(); ++i)
    if (at[i] - at[i - 1] != step) return 0;
  return step > 0 ? step : 0;
}

bool gather_to_slice(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const PartialShape& data = g.fact(n.inputs[0]).shape;
  const int64_t index_rank = rank_of(g, n.inputs[1]);
  auto at = ints(g, n.inputs[1]);
  const auto axis_value = ints(g, n.inputs[2]);
  // Whole numbers are shapes: what computes them is not worth a look.
  if (!n.fact().type.is_real() || is_constant(g, n.inputs[0]) || !at || at->empty() ||
      !axis_value || axis_value->size() != 1 || !data.rank_is_static() || index_rank > 1)
    return false;
  if (n.op->version > 1 && number_attr(n, "batch_dims", 0) != 0) return false;
  const int64_t axis = (*axis_value)[0] + ((*axis_value)[0] < 0 ? int64_t(data.size()) : 0);
  if (data[size_t(axis)].is_dynamic()) return false;
  const int64_t extent = data[size_t(axis)].get_length();
  for (int64_t& i : *at) {
    if (i < 0 && n.op->version == 8) i += extent;
    if (i < 0 || i >= extent) return false;
  }
  const int64_t step = common_step(*at);
  if (step == 0) return false;
  OutputRef made = add_public(
      patch, "Slice",
      {n.inputs[0], i64_constant(patch, {at->front()}), i64_constant(patch, {at->back() + 1}),
       i64_constant(patch, {step}), i64_constant(patch, {axis})});
  if (index_rank == 0) {
    patch.credit(made.node, id);
    made = add_public(patch, "Squeeze", {made, i64_constant(patch, {axis})});
  }
  replace_with(patch, id, made);
  return true;
}

}  // namespace

void add_gathers(std::vector<Rule>& rules) {
  rules.push_back({"gather-to-slice", {"Gather"}, gather_to_slice});
}

}  // namespace vireo::passes
