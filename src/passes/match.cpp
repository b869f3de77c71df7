// Questions of rules to a graph.
#include "passes/match.h"

#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "ops/registry.h"

namespace vireo::passes {

const GraphNode* made_by(const Graph& g, OutputRef ref, std::string_view op) {
  const GraphNode& n = g[ref.node];
  return ref.index == 0 && is_public(n, op) ? &n : nullptr;
}

std::optional<double> scalar(const Graph& g, OutputRef ref) {
  const Tensor& t = value_of(g, ref);
  if (!t || t.get_size() != 1 || t.get_element_type() == element::string) return std::nullopt;
  return load<double>(t)[0];
}

std::optional<std::vector<int64_t>> ints(const Graph& g, OutputRef ref) {
  const Tensor& t = value_of(g, ref);
  if (!t || !t.get_element_type().is_integral_number()) return std::nullopt;
  return load<int64_t>(t);
}

bool is_scalar(const Graph& g, OutputRef ref, double value, double tolerance) {
  const auto s = scalar(g, ref);
  return s && std::fabs(*s - value) <= tolerance * std::max(1.0, std::fabs(value));
}

bool all_equal(const Graph& g, OutputRef ref, double value) {
  const Tensor& t = value_of(g, ref);
  if (!t || t.get_size() == 0 || t.get_element_type() == element::string) return false;
  if (t.get_size() > 4096) return false;
  const std::vector<double> v = load<double>(t);
  return std::all_of(v.begin(), v.end(), [&](double x) { return x == value; });
}

std::optional<OutputRef> other_than_scalar(const Graph& g, const GraphNode& n, double value,
                                           double tolerance) {
  for (size_t i = 0; i < 2; ++i)
    if (is_scalar(g, n.inputs[i], value, tolerance)) return n.inputs[1 - i];
  return std::nullopt;
}

std::optional<WithConstant> with_constant(const Graph& g, const GraphNode& n) {
  if (n.inputs.size() != 2) return std::nullopt;
  const bool first = is_constant(g, n.inputs[0]), second = is_constant(g, n.inputs[1]);
  if (first == second) return std::nullopt;
  return WithConstant{n.inputs[first ? 1 : 0], n.inputs[first ? 0 : 1]};
}

bool same_shape(const PartialShape& a, const PartialShape& b) {
  if (!a.rank_is_static() || !b.rank_is_static() || a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!a[i].same(b[i])) return false;
  return true;
}

bool keeps_shape(const Graph& g, OutputRef data, OutputRef constant) {
  const PartialShape &d = g.fact(data).shape, &c = g.fact(constant).shape;
  if (!d.rank_is_static() || !c.rank_is_static() || c.size() > d.size()) return false;
  for (size_t i = 0; i < c.size(); ++i) {
    const Dimension& extent = c[c.size() - 1 - i];
    if (extent != Dimension(1) && !extent.same(d[d.size() - 1 - i])) return false;
  }
  return true;
}

bool numpy_broadcast(const Graph& g, const GraphNode& n) {
  const ops::Broadcasting* b = n.attrs.is<ops::Broadcasting>() ? &n.attrs.as<ops::Broadcasting>()
                               : n.attrs.is<ops::Divide>()     ? &n.attrs.as<ops::Divide>()
                                                               : nullptr;
  if (!b || b->auto_broadcast == ops::AutoBroadcast::Numpy) return true;
  for (OutputRef s : n.inputs)
    if (!same_shape(g.fact(s).shape, n.fact().shape)) return false;
  return true;
}

namespace {

std::optional<AttrValue> find_attr(const GraphNode& n, std::string_view name) {
  for (auto& [key, value] : list_attrs(n.attrs))
    if (key == name) return value;
  return std::nullopt;
}

}  // namespace

double number_attr(const GraphNode& n, std::string_view name, double fallback) {
  const auto v = find_attr(n, name);
  if (!v) return fallback;
  if (const auto* d = std::get_if<double>(&v->value)) return *d;
  if (const auto* i = std::get_if<int64_t>(&v->value)) return double(*i);
  return fallback;
}

bool bool_attr(const GraphNode& n, std::string_view name, bool fallback) {
  const auto v = find_attr(n, name);
  const auto* b = v ? std::get_if<bool>(&v->value) : nullptr;
  return b ? *b : fallback;
}

std::string text_attr(const GraphNode& n, std::string_view name) {
  const auto v = find_attr(n, name);
  const auto* s = v ? std::get_if<std::string>(&v->value) : nullptr;
  return s ? *s : std::string();
}

OutputRef remake(Patch& patch, const Graph& g, NodeId from, Attrs attrs,
                 std::vector<OutputRef> inputs) {
  const OutputRef made = patch.add(*g[from].op, std::move(attrs), std::move(inputs), g[from].name);
  g.arena->edit(made.node).rt_info = g[from].rt_info;
  return made;
}

OutputRef add_public(Patch& patch, std::string_view op, std::vector<OutputRef> inputs,
                     const AttrList& attrs) {
  const OpDef* def = builtin_ops().find_in_opset(op, 13);
  VIREO_ASSERT(def != nullptr);
  return patch.add(*def, make_attrs(def->attrs, attrs, op), std::move(inputs));
}

OutputRef i64_constant(Patch& patch, const std::vector<int64_t>& values) {
  return patch.constant(make_i64(values));
}

void replace_with(Patch& patch, NodeId from, OutputRef to, std::initializer_list<NodeId> others) {
  patch.credit(to.node, from);
  for (NodeId id : others) patch.credit(to.node, id);
  patch.replace({from, 0}, to);
}

}  // namespace vireo::passes
