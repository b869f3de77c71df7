// Compressed weights. Integers times a scale, computed in f16 and then made f32, are computed in
// f32 at once: the product is not rounded to f16 first, and one constant is folded instead of a
// chain.
#include "ops/arithmetic/arithmetic.h"
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

constexpr int kMaxDepth = 6;

bool is_half(element::Type type) { return type == element::f16 || type == element::bf16; }

bool is_arithmetic(const GraphNode& n) {
  return is_public(n, "Multiply") || is_public(n, "Subtract");
}

// Made of constants alone, by conversion, scaling, zero points and reshaping.
bool is_chain(const Graph& g, OutputRef ref, int depth) {
  const GraphNode& n = g.arena->producer(ref);
  if (n.op == &constant_op) return true;
  if (depth == kMaxDepth) return false;
  if (is_public(n, "Convert") || is_public(n, "Reshape"))
    return is_chain(g, n.inputs[0], depth + 1);
  return is_arithmetic(n) && is_chain(g, n.inputs[0], depth + 1) &&
         is_chain(g, n.inputs[1], depth + 1);
}

OutputRef widened(Patch& patch, const Graph& g, OutputRef ref) {
  const GraphNode& n = g.arena->producer(ref);
  if (is_public(n, "Convert") && !g.fact(n.inputs[0]).type.is_real())
    return add_public(patch, "Convert", {n.inputs[0]}, {{"destination_type", element::f32}});
  if (is_half(n.fact(ref.index).type) && is_arithmetic(n))
    return remake(patch, g, ref.node, n.attrs,
                  {widened(patch, g, n.inputs[0]), widened(patch, g, n.inputs[1])});
  if (is_half(n.fact(ref.index).type) && is_public(n, "Reshape"))
    return remake(patch, g, ref.node, n.attrs, {widened(patch, g, n.inputs[0]), n.inputs[1]});
  return add_public(patch, "Convert", {ref}, {{"destination_type", element::f32}});
}

bool widen(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const OutputRef source = n.inputs[0];
  const GraphNode& made = g.arena->producer(source);
  if (n.fact().type != element::f32 || !is_half(g.fact(source).type) || made.op == &constant_op ||
      is_public(made, "Convert"))
    return false;
  if (!is_chain(g, source, 0)) return false;
  replace_with(patch, id, widened(patch, g, source));
  return true;
}

}  // namespace

void add_decompression(std::vector<Rule>& rules) {
  rules.push_back({"widen-compressed-weights", {"Convert"}, widen});
}

}  // namespace vireo::passes
