// Activations written out in exponentials.
//
//   1 / (1 + exp(-x))   becomes  Sigmoid(x)
//   x / (1 + exp(-x))   becomes  Swish(x)
//   log(1 + exp(x))     becomes  SoftPlus(x), which does not overflow
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// What is raised in 1 + exp(..), if that has as many axes.
std::optional<OutputRef> raised(const Graph& g, OutputRef ref) {
  const GraphNode* sum = made_by(g, ref, "Add");
  const auto term = sum ? other_than_scalar(g, *sum, 1, 0) : std::nullopt;
  const GraphNode* exp = term && single_use(g, *term) ? made_by(g, *term, "Exp") : nullptr;
  if (!exp || !single_use(g, ref) || rank_of(g, exp->inputs[0]) != rank_of(g, ref))
    return std::nullopt;
  return exp->inputs[0];
}

std::optional<OutputRef> negated(const Graph& g, OutputRef ref) {
  if (const GraphNode* n = made_by(g, ref, "Negative")) return n->inputs[0];
  const GraphNode* n = made_by(g, ref, "Multiply");
  return n ? other_than_scalar(g, *n, -1, 0) : std::nullopt;
}

bool sigmoid(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto power = n.fact().type.is_real() ? raised(g, n.inputs[1]) : std::nullopt;
  const auto x = power ? negated(g, *power) : std::nullopt;
  if (!x || rank_of(g, *x) < 0 || rank_of(g, *x) != rank_of(g, {id, 0})) return false;
  const bool gated = n.inputs[0] == *x;
  if (!gated && !is_scalar(g, n.inputs[0], 1, 0)) return false;
  replace_with(patch, id, add_public(patch, gated ? "Swish" : "Sigmoid", {*x}), {n.inputs[1].node});
  return true;
}

bool soft_plus(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto x = n.fact().type.is_real() ? raised(g, n.inputs[0]) : std::nullopt;
  if (!x) return false;
  replace_with(patch, id, add_public(patch, "SoftPlus", {*x}), {n.inputs[0].node});
  return true;
}

}  // namespace

void add_exponentials(std::vector<Rule>& rules) {
  rules.push_back({"spelled-out-sigmoid", {"Divide"}, sigmoid});
  rules.push_back({"spelled-out-soft-plus", {"Log"}, soft_plus});
}

}  // namespace vireo::passes
