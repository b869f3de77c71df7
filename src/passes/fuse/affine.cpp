// Numbers that scale and shift a hard swish move into it, as networks trained with a learnable
// affine behind each activation have it.
//
//   vireo.Conv with hswish ─ Multiply a ─ Add b       becomes  vireo.Conv with a hswish + b
#include "ops/arithmetic/arithmetic.h"
#include "ops/fused/fused.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// The node with its activation put through `change`, if it has a hard swish.
template <typename A, typename Change>
bool changed(Patch& patch, NodeId id, NodeId product, const GraphNode& n, A attrs,
             const Change& change) {
  if (attrs.activation.kind != ops::ActivationKind::HSwish) return false;
  change(attrs.activation);
  replace_with(patch, id, patch.add(*n.op, std::move(attrs), n.inputs), {product});
  return true;
}

bool affine(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const bool product = n.is("Multiply"), sum = n.is("Add"), quotient = n.is("Divide");
  const auto in = with_constant(g, n);
  const auto number = in ? scalar(g, in->constant) : std::nullopt;
  if (!number || !keeps_shape(g, in->data, in->constant) || !single_use(g, in->data)) return false;
  if (!product && !sum && in->data != n.inputs[0]) return false;
  const double by = *number;
  if (quotient && by == 0) return false;
  const auto change = [&](ops::Activation& a) {
    const double scale = product ? by : quotient ? 1 / by : 1;
    a.alpha *= scale;
    a.beta = a.beta * scale + (product || quotient ? 0 : sum ? by : -by);
  };
  const GraphNode& made = g[in->data.node];
  if (made.op == &ops::fused_conv_0)
    return changed(patch, id, in->data.node, made, made.attrs.as<ops::FusedConv>(), change);
  if (made.op == &ops::fused_conv_transpose_0)
    return changed(patch, id, in->data.node, made, made.attrs.as<ops::FusedConvTranspose>(),
                   change);
  return made.op == &ops::fused_matmul_0 &&
         changed(patch, id, in->data.node, made, made.attrs.as<ops::FusedMatMul>(), change);
}

}  // namespace

void add_affines(std::vector<Rule>& rules) {
  rules.push_back({"fuse-affine", {"Multiply", "Add", "Subtract", "Divide"}, affine});
}

}  // namespace vireo::passes
