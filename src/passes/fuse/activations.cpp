// Activations that exporters spell out in primitive operators.
#include <cmath>

#include "ops/activation/activation.h"
#include "ops/arithmetic/arithmetic.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

constexpr double kClose = 2e-3;  // constants are written with few digits, or through f16

// A product taken apart: what is multiplied besides numbers, and the product of the numbers.
struct Factors {
  std::vector<OutputRef> terms;
  std::vector<NodeId> nodes;
  double scale = 1;
};

bool collect(const Graph& g, OutputRef ref, bool top, Factors& f) {
  const GraphNode& n = g[ref.node];
  const bool product = is_public(n, "Multiply"), quotient = is_public(n, "Divide");
  if ((!product && !quotient) || (!top && !single_use(g, ref)) || f.nodes.size() >= 4) {
    f.terms.push_back(ref);
    return f.terms.size() <= 3;
  }
  if (quotient) {
    const auto by = scalar(g, n.inputs[1]);
    if (!by || *by == 0) {
      f.terms.push_back(ref);
      return f.terms.size() <= 3;
    }
    f.nodes.push_back(ref.node);
    f.scale /= *by;
    return collect(g, n.inputs[0], false, f);
  }
  f.nodes.push_back(ref.node);
  for (OutputRef s : n.inputs) {
    if (const auto by = scalar(g, s))
      f.scale *= *by;
    else if (!collect(g, s, false, f))
      return false;
  }
  return true;
}

bool close(double a, double b) { return std::fabs(a - b) <= kClose * std::fabs(b); }

// ref = x * by, by a number.
bool is_scaled(const Graph& g, OutputRef ref, OutputRef x, double by) {
  if (ref == x) return close(1, by);
  Factors f;
  return collect(g, ref, true, f) && f.terms.size() == 1 && f.terms[0] == x && close(f.scale, by);
}

// clamp(x + 3, 0, 6)
bool is_relu6_of_3(const Graph& g, OutputRef ref, OutputRef& x) {
  const GraphNode* clamp = made_by(g, ref, "Clamp");
  if (!clamp) return false;
  const auto& a = clamp->attrs.as<ops::Clamp>();
  const GraphNode* add = made_by(g, clamp->inputs[0], "Add");
  const auto data =
      add && a.min == 0 && close(a.max, 6) ? other_than_scalar(g, *add, 3) : std::nullopt;
  if (data) x = *data;
  return bool(data);
}

// 1 + erf(x / sqrt 2)
bool is_erf_part(const Graph& g, OutputRef ref, OutputRef x) {
  const GraphNode* add = made_by(g, ref, "Add");
  const auto erf_ref = add ? other_than_scalar(g, *add, 1) : std::nullopt;
  const GraphNode* erf = erf_ref ? made_by(g, *erf_ref, "Erf") : nullptr;
  return erf && is_scaled(g, erf->inputs[0], x, 0.70710678);
}

bool is_cube(const Graph& g, OutputRef ref, OutputRef x) {
  if (const GraphNode* p = made_by(g, ref, "Power"))
    return p->inputs[0] == x && is_scalar(g, p->inputs[1], 3);
  Factors f;
  if (!collect(g, ref, true, f) || !close(f.scale, 1)) return false;
  if (f.terms.size() == 3) return f.terms[0] == x && f.terms[1] == x && f.terms[2] == x;
  if (f.terms.size() != 2) return false;
  for (size_t i = 0; i < 2; ++i) {
    const GraphNode* p = made_by(g, f.terms[i], "Power");
    if (p && f.terms[1 - i] == x && p->inputs[0] == x && is_scalar(g, p->inputs[1], 2)) return true;
  }
  return false;
}

// x + 0.044715 x^3
bool is_gelu_polynomial(const Graph& g, OutputRef ref, OutputRef x) {
  const GraphNode* add = made_by(g, ref, "Add");
  if (!add) return false;
  for (size_t i = 0; i < 2; ++i) {
    if (add->inputs[i] != x) continue;
    const GraphNode* m = made_by(g, add->inputs[1 - i], "Multiply");
    for (size_t k = 0; m && k < 2; ++k)
      if (is_scalar(g, m->inputs[k], 0.044715, kClose) && is_cube(g, m->inputs[1 - k], x))
        return true;
    Factors f;
    if (m && collect(g, add->inputs[1 - i], true, f) && close(f.scale, 0.044715) &&
        f.terms.size() == 3 && f.terms[0] == x && f.terms[1] == x && f.terms[2] == x)
      return true;
  }
  return false;
}

// 1 + tanh(0.79788 (x + 0.044715 x^3))
bool is_tanh_part(const Graph& g, OutputRef ref, OutputRef x) {
  const GraphNode* add = made_by(g, ref, "Add");
  const auto tanh_ref = add ? other_than_scalar(g, *add, 1) : std::nullopt;
  const GraphNode* tanh = tanh_ref ? made_by(g, *tanh_ref, "Tanh") : nullptr;
  if (!tanh) return false;
  Factors f;
  return collect(g, tanh->inputs[0], true, f) && f.terms.size() == 1 &&
         close(f.scale, 0.7978845608) && is_gelu_polynomial(g, f.terms[0], x);
}

bool fire(Patch& patch, NodeId id, const Factors& f, const OpDef& op, OutputRef x,
          Attrs attrs = {}) {
  const OutputRef made = patch.add(op, std::move(attrs), {x});
  for (NodeId n : f.nodes) patch.credit(made.node, n);
  replace_with(patch, id, made);
  return true;
}

// x times a function of x.
bool gated(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (!n.fact().type.is_real()) return false;
  Factors f;
  if (!collect(g, {id, 0}, true, f)) return false;
  if (f.terms.size() == 1) {
    OutputRef x;
    if (!close(f.scale, 1.0 / 6) || !is_relu6_of_3(g, f.terms[0], x)) return false;
    return rank_of(g, x) == rank_of(g, {id, 0}) && fire(patch, id, f, ops::hsigmoid_5, x);
  }
  if (f.terms.size() != 2) return false;
  for (size_t i = 0; i < 2; ++i) {
    const OutputRef x = f.terms[i], gate = f.terms[1 - i];
    if (rank_of(g, x) != rank_of(g, {id, 0}))
      continue;  // the numbers have one element: only their rank could add axes
    OutputRef inner;
    const GraphNode *sigmoid = made_by(g, gate, "Sigmoid"),
                    *hsigmoid = made_by(g, gate, "HSigmoid"), *tanh = made_by(g, gate, "Tanh");
    if (close(f.scale, 1)) {
      if (sigmoid && sigmoid->inputs[0] == x) return fire(patch, id, f, ops::swish_4, x);
      if (hsigmoid && hsigmoid->inputs[0] == x) return fire(patch, id, f, ops::hswish_4, x);
      const GraphNode* soft = tanh ? made_by(g, tanh->inputs[0], "SoftPlus") : nullptr;
      if (soft && soft->inputs[0] == x) return fire(patch, id, f, ops::mish_4, x);
    }
    if (close(f.scale, 1.0 / 6) && is_relu6_of_3(g, gate, inner) && inner == x)
      return fire(patch, id, f, ops::hswish_4, x);
    if (close(f.scale, 0.5) && is_erf_part(g, gate, x))
      return fire(patch, id, f, ops::gelu_7, x, ops::Gelu{ops::GeluMode::Erf});
    if (close(f.scale, 0.5) && is_tanh_part(g, gate, x))
      return fire(patch, id, f, ops::gelu_7, x, ops::Gelu{ops::GeluMode::Tanh});
  }
  return false;
}

bool hard_sigmoid(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.inputs.size() != 3 || !is_scalar(g, n.inputs[1], 1.0 / 6, 1e-5) ||
      !is_scalar(g, n.inputs[2], 0.5))
    return false;
  replace_with(patch, id, patch.add(ops::hsigmoid_5, NoAttrs{}, {n.inputs[0]}));
  return true;
}

// min(max(x, a), b), whichever is outside.
bool min_max(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto outer = with_constant(g, n);
  if (!outer || !n.fact().type.is_real()) return false;
  const auto bound = scalar(g, outer->constant);
  const GraphNode* inner = made_by(g, outer->data, n.is("Minimum") ? "Maximum" : "Minimum");
  const auto inside = inner && single_use(g, outer->data) ? with_constant(g, *inner) : std::nullopt;
  const auto other = inside ? scalar(g, inside->constant) : std::nullopt;
  if (!bound || !other || rank_of(g, inside->data) != rank_of(g, {id, 0})) return false;
  const double low = n.is("Minimum") ? *other : *bound, high = n.is("Minimum") ? *bound : *other;
  if (low > high) return false;
  replace_with(patch, id, patch.add(ops::clamp_1, ops::Clamp{low, high}, {inside->data}),
               {outer->data.node});
  return true;
}

bool max_zero(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto x = other_than_scalar(g, n, 0, 0);
  if (!x || !n.fact().type.is_real() || rank_of(g, *x) != rank_of(g, {id, 0})) return false;
  for (const Use& use : n.outputs[0].uses)
    if (g[use.node].is("Minimum")) return false;
  replace_with(patch, id, patch.add(ops::relu_1, NoAttrs{}, {*x}));
  return true;
}

}  // namespace

void add_activations(std::vector<Rule>& rules) {
  rules.push_back({"gated-activation", {"Multiply", "Divide"}, gated});
  rules.push_back({"hard-sigmoid", {"HardSigmoid"}, hard_sigmoid});
  rules.push_back({"min-max-clamp", {"Minimum", "Maximum"}, min_max});
  rules.push_back({"max-relu", {"Maximum"}, max_zero});
}

}  // namespace vireo::passes
