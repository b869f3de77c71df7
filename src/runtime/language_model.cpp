#include "vireo/language_model.h"

#include <optional>

#include "base/support/error.h"
#include "core/patch.h"
#include "ops/registry.h"

namespace vireo {
namespace {

bool has_positions(const Graph& g, OutputRef ref) {
  const PartialShape& shape = g.fact(ref).shape;
  return shape.rank().is_static() && shape.size() == 3;
}

OutputRef scores_of(const Graph& g) {
  for (const NodeId id : g.results) {
    const OutputRef source = g.arena->input(id, 0);
    for (const std::string& name : g.arena->output(source).names)
      if (name == "logits") return source;
  }
  return g.results.size() == 1 ? g.arena->input(g.results[0], 0) : OutputRef{};
}

// The product with the vocabulary: behind it scores are at most scaled, shifted and capped.
std::optional<NodeId> vocabulary_product(const Graph& g) {
  OutputRef at = scores_of(g);
  while (at.valid() && has_positions(g, at)) {
    const GraphNode& node = g.arena->producer(at);
    if (node.is("MatMul"))
      return has_positions(g, node.inputs[0]) ? std::optional(at.node) : std::nullopt;
    bool follows = false;
    for (const char* name : {"Add", "Subtract", "Multiply", "Divide", "Tanh", "Convert"})
      follows |= node.is(name);
    if (!follows) return std::nullopt;
    OutputRef next;
    for (const OutputRef& input : node.inputs) {
      if (g.arena->producer(input).is("Constant")) continue;
      if (next.valid()) return std::nullopt;
      next = input;
    }
    at = next;
  }
  return std::nullopt;
}

}  // namespace

bool select_positions(const Model& model) {
  if (!model) fail(ErrorCode::InvalidArgument, "the model is empty");
  Graph& g = *model.graph();
  g.follow();
  const auto product = vocabulary_product(g);
  if (!product) return false;
  Tensor one(element::i64, Shape{});
  *one.data<int64_t>() = 1;
  const char* name = "sampled_tokens_indices";
  const OutputRef indices = g.add_parameter(element::i64, PartialShape{Dimension()}, name);
  g.arena->edit(indices.node).outputs[0].names.push_back(name);
  const NodeId chosen =
      add_op(g, "Gather", 8, {g[*product].inputs[0], indices, g.add_constant(one)});
  Patch patch(g);
  patch.set_input(*product, 0, {chosen, 0});
  patch.apply();
  return true;
}

}  // namespace vireo
