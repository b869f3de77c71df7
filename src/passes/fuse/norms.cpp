// Normalisations: spelled out in primitive operators, or as MVN, they become vireo.LayerNorm and
// vireo.RmsNorm.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "ops/fused/fused.h"
#include "ops/movement/movement.h"
#include "ops/norm/norm.h"
#include "ops/reduction/reduce.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

using Axes = std::vector<int64_t>;

std::optional<Axes> axes_of(const Graph& g, OutputRef axes, int64_t rank) {
  auto v = ints(g, axes);
  if (!v || rank < 0) return std::nullopt;
  for (int64_t& axis : *v) axis += axis < 0 ? rank : 0;
  std::sort(v->begin(), v->end());
  return v;
}

// The mean of something over axes that stay.
struct Mean {
  OutputRef of;
  Axes axes;
};
std::optional<Mean> reduced(const Graph& g, OutputRef ref, std::string_view op) {
  const GraphNode* n = made_by(g, ref, op);
  if (!n || !n->attrs.as<ops::Reduce>().keep_dims) return std::nullopt;
  const auto axes = axes_of(g, n->inputs[1], rank_of(g, n->inputs[0]));
  if (!axes) return std::nullopt;
  return Mean{n->inputs[0], *axes};
}

// A sum divided by the number of its terms is a mean too.
std::optional<Mean> mean_of(const Graph& g, OutputRef ref) {
  if (const auto mean = reduced(g, ref, "ReduceMean")) return mean;
  const GraphNode& n = g[ref.node];
  const bool quotient = is_public(n, "Divide");
  const auto in = quotient || is_public(n, "Multiply") ? with_constant(g, n) : std::nullopt;
  const auto by = in ? scalar(g, in->constant) : std::nullopt;
  if (!by || (quotient && in->data != n.inputs[0]) || !keeps_shape(g, in->data, in->constant))
    return std::nullopt;
  const auto sum = reduced(g, in->data, "ReduceSum");
  if (!sum) return std::nullopt;
  double terms = 1;
  for (int64_t axis : sum->axes) {
    const Dimension& d = g.fact(sum->of).shape[size_t(axis)];
    if (d.is_dynamic()) return std::nullopt;
    terms *= double(d.get_length());
  }
  const double expected = quotient ? terms : 1 / terms;
  if (std::fabs(*by - expected) > 1e-6 * expected) return std::nullopt;
  return sum;
}

// The argument of a reciprocal square root, or of a square root if `root`.
std::optional<OutputRef> root_of(const Graph& g, OutputRef ref, bool root) {
  if (const GraphNode* p = made_by(g, ref, "Power"))
    if (is_scalar(g, p->inputs[1], root ? 0.5 : -0.5)) return p->inputs[0];
  if (root) {
    const GraphNode* s = made_by(g, ref, "Sqrt");
    return s ? std::optional(s->inputs[0]) : std::nullopt;
  }
  const GraphNode* d = made_by(g, ref, "Divide");
  return d && is_scalar(g, d->inputs[0], 1) ? root_of(g, d->inputs[1], true) : std::nullopt;
}

// What is squared.
std::optional<OutputRef> square_of(const Graph& g, OutputRef ref) {
  if (const GraphNode* p = made_by(g, ref, "Power"))
    return is_scalar(g, p->inputs[1], 2) ? std::optional(p->inputs[0]) : std::nullopt;
  const GraphNode* m = made_by(g, ref, "Multiply");
  return m && m->inputs[0] == m->inputs[1] ? std::optional(m->inputs[0]) : std::nullopt;
}

// x if ref = x - mean(x) over these axes.
std::optional<OutputRef> centred(const Graph& g, OutputRef ref, const Axes& axes) {
  const GraphNode* n = made_by(g, ref, "Subtract");
  const auto mean = n ? mean_of(g, n->inputs[1]) : std::nullopt;
  if (!mean || mean->of != n->inputs[0] || mean->axes != axes) return std::nullopt;
  return n->inputs[0];
}

bool fire(Patch& patch, const Graph& g, NodeId id, OutputRef numerator,
          OutputRef variance_and_eps) {
  const GraphNode* add = made_by(g, variance_and_eps, "Add");
  if (!add || !g[id].fact().type.is_real() || rank_of(g, numerator) != rank_of(g, {id, 0}))
    return false;
  for (size_t i = 0; i < 2; ++i) {
    const auto eps = scalar(g, add->inputs[i]);
    const auto variance = eps && *eps > 0 ? mean_of(g, add->inputs[1 - i]) : std::nullopt;
    if (!variance) continue;
    auto squared = square_of(g, variance->of);
    const auto x = centred(g, numerator, variance->axes);
    if (const GraphNode* d = made_by(g, variance->of, "SquaredDifference"); d && x) {
      const auto mean = mean_of(g, d->inputs[1]);
      if (mean && mean->of == *x && d->inputs[0] == *x && mean->axes == variance->axes)
        squared = numerator;
    }
    if (!squared) continue;
    if (x && (*squared == numerator || centred(g, *squared, variance->axes) == x)) {
      const ops::Mvn mvn{*eps, true, ops::MvnEpsMode::InsideSqrt};
      replace_with(patch, id,
                   patch.add(ops::mvn_6, mvn, {*x, i64_constant(patch, variance->axes)}));
      return true;
    }
    const bool last = variance->axes.size() == 1 && variance->axes[0] == rank_of(g, numerator) - 1;
    if (*squared != numerator || !last) continue;
    ops::FusedRmsNorm norm;
    norm.eps = *eps;
    replace_with(patch, id, patch.add(ops::fused_rms_norm_0, norm, {numerator}));
    return true;
  }
  return false;
}

bool spelled_out(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.is("Divide")) {
    const auto under = root_of(g, n.inputs[1], true);
    return under && fire(patch, g, id, n.inputs[0], *under);
  }
  for (size_t i = 0; i < 2; ++i)
    if (const auto under = root_of(g, n.inputs[1 - i], false))
      if (fire(patch, g, id, n.inputs[i], *under)) return true;
  return false;
}

// Groups of channels: MVN over the last axis of [N, G, the rest] made from [N, C, spatial...] and
// put back. With the channels split instead, [N, G, C/G, spatial...], channels-last data need not
// be moved.
bool group_norm(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode* before = made_by(g, n.inputs[0], "Reshape");
  if (n.op->version < 6 || !before || !single_use(g, n.inputs[0]) || !single_use(g, {id, 0}))
    return false;
  const NodeId user = n.outputs[0].uses[0].node;
  const PartialShape &x = g.fact(before->inputs[0]).shape, groups = g.fact(n.inputs[0]).shape;
  const auto axes = axes_of(g, n.inputs[1], rank_of(g, n.inputs[0]));
  if (!is_public(g[user], "Reshape") || !axes || *axes != Axes{2} || !x.rank_is_static() ||
      x.size() < 4 || groups.size() != 3)
    return false;
  if (!same_shape(g[user].fact().shape, x) || groups[1].is_dynamic() || groups[1].get_length() == 0)
    return false;
  Axes split, back, all;
  for (size_t i = 0; i < x.size(); ++i) {
    if (i > 0 && x[i].is_dynamic()) return false;
    back.push_back(i == 0 ? -1 : x[i].get_length());
  }
  const int64_t count = groups[1].get_length();
  if (back[1] % count != 0 || !x[0].same(groups[0])) return false;
  split = back;
  split[1] = count;
  split.insert(split.begin() + 2, back[1] / count);
  for (size_t i = 2; i < split.size(); ++i) all.push_back(int64_t(i));
  const OutputRef parts = patch.add(ops::reshape_1, ops::Reshape{false},
                                    {before->inputs[0], i64_constant(patch, split)});
  const OutputRef norm = patch.add(*n.op, n.attrs, {parts, i64_constant(patch, all)});
  patch.credit(norm.node, id);
  replace_with(patch, user,
               patch.add(ops::reshape_1, ops::Reshape{false}, {norm, i64_constant(patch, back)}));
  return true;
}

bool mvn_to_layer_norm(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op->version < 6 || !n.fact().type.is_real()) return false;
  const auto& a = n.attrs.as<ops::Mvn>();
  const int64_t rank = rank_of(g, n.inputs[0]);
  const auto axes = axes_of(g, n.inputs[1], rank);
  if (!axes || axes->empty() || !a.normalize_variance || a.eps_mode != ops::MvnEpsMode::InsideSqrt)
    return false;
  for (size_t i = 0; i < axes->size(); ++i)
    if ((*axes)[i] != rank - int64_t(axes->size()) + int64_t(i)) return false;
  ops::FusedLayerNorm norm;
  norm.axes = int64_t(axes->size());
  norm.eps = a.eps;
  replace_with(patch, id, patch.add(ops::fused_layer_norm_0, norm, {n.inputs[0]}));
  return true;
}

// A constant that has a number for every element of the last `axes` axes, in their shape; empty if
// not.
Tensor per_element(const Graph& g, OutputRef constant, const PartialShape& out, size_t axes) {
  const Tensor& t = value_of(g, constant);
  if (!t || t.get_element_type() != element::f32 || t.get_shape().size() > out.size()) return {};
  Shape shape;
  for (size_t i = out.size() - axes; i < out.size(); ++i) {
    if (out[i].is_dynamic()) return {};
    shape.push_back(size_t(out[i].get_length()));
  }
  const Shape& s = t.get_shape();
  for (size_t i = 0; i + axes < s.size(); ++i)
    if (s[i] != 1) return {};
  if (t.get_size() == 1)
    return evaluate_op(ops::add_1, ops::Broadcasting{}, "fold",
                       {t.dense().reshaped({}),
                        Tensor(make_tensor<double>(
                            element::f32, shape, std::vector<double>(shape_size(shape), 0.0)))})[0];
  if (t.get_size() != shape_size(shape) || s.size() < axes) return {};
  return t.dense().reshaped(shape);
}

// The norm that a node scales or shifts, if nobody else reads it.
const GraphNode* norm_of(const Graph& g, OutputRef ref, const OpDef& op) {
  const GraphNode& n = g[ref.node];
  return n.op == &op && single_use(g, ref) ? &n : nullptr;
}

bool norm_scale(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto in = with_constant(g, n);
  if (!in) return false;
  std::vector<OutputRef> inputs;
  OutputRef made;
  if (const GraphNode* norm = norm_of(g, in->data, ops::fused_layer_norm_0)) {
    auto a = norm->attrs.as<ops::FusedLayerNorm>();
    if (a.has_scale || a.has_shift) return false;
    const Tensor t = per_element(g, in->constant, norm->fact().shape, size_t(a.axes));
    if (!t) return false;
    a.has_scale = true;
    inputs = norm->inputs;
    inputs.insert(inputs.begin() + 1, patch.constant(t));
    made = patch.add(*norm->op, a, inputs);
  } else if (const GraphNode* rms = norm_of(g, in->data, ops::fused_rms_norm_0)) {
    auto a = rms->attrs.as<ops::FusedRmsNorm>();
    const Tensor t = a.has_scale ? Tensor() : per_element(g, in->constant, rms->fact().shape, 1);
    if (!t) return false;
    a.has_scale = true;
    inputs = rms->inputs;
    inputs.insert(inputs.begin() + 1, patch.constant(t));
    made = patch.add(*rms->op, a, inputs);
  }
  if (!made.valid()) return false;
  replace_with(patch, id, made, {in->data.node});
  return true;
}

bool norm_shift(Patch& patch, const Graph& g, NodeId id) {
  const auto in = with_constant(g, g[id]);
  const GraphNode* norm = in ? norm_of(g, in->data, ops::fused_layer_norm_0) : nullptr;
  if (!norm) return false;
  auto a = norm->attrs.as<ops::FusedLayerNorm>();
  const Tensor t =
      a.has_shift ? Tensor() : per_element(g, in->constant, norm->fact().shape, size_t(a.axes));
  if (!t) return false;
  a.has_shift = true;
  std::vector<OutputRef> inputs = norm->inputs;
  inputs.insert(inputs.begin() + 1 + int64_t(a.has_scale), patch.constant(t));
  replace_with(patch, id, patch.add(*norm->op, a, inputs), {in->data.node});
  return true;
}

}  // namespace

void add_norms(std::vector<Rule>& rules) {
  rules.push_back({"spelled-out-norm", {"Divide", "Multiply"}, spelled_out});
  rules.push_back({"split-group-norm", {"MVN"}, group_norm});
}

void add_layer_norms(std::vector<Rule>& rules) {
  rules.push_back({"layer-norm", {"MVN"}, mvn_to_layer_norm});
  rules.push_back({"fuse-norm-scale", {"Multiply"}, norm_scale});
  rules.push_back({"fuse-norm-shift", {"Add"}, norm_shift});
}

}  // namespace vireo::passes
