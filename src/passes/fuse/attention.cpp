// Attention: the chain MatMul, scale, mask, Softmax, MatMul, or the public operator, becomes
// vireo.Attention, which reads heads from [batch, sequence, heads, depth] where they were
// transposed from there.
#include <cmath>

#include "ops/activation/activation.h"
#include "ops/attention/attention.h"
#include "ops/fused/fused.h"
#include "ops/matmul/matmul.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

using Order = std::vector<int64_t>;

const Order kHeadsFirst{0, 2, 1, 3};

// A value as a transposition of another: all Transposes above it in one.
struct Moved {
  OutputRef source;
  Order order;  // axis i is axis order[i] of the source
};

Moved above_transposes(const Graph& g, OutputRef ref, Order order) {
  for (const GraphNode* n = made_by(g, ref, "Transpose"); n; n = made_by(g, ref, "Transpose")) {
    const auto moves = ints(g, n->inputs[1]);
    if (!moves || moves->size() != order.size()) break;
    for (int64_t& axis : order) axis = (*moves)[size_t(axis)];
    ref = n->inputs[0];
  }
  return {ref, order};
}

struct Match {
  OutputRef q, k, v, mask;
  bool k_across = false;  // k is [.., D, T]
  double scale = 1;
  std::vector<NodeId> nodes;
};

// Takes multiplications and divisions by numbers off, from the scores or from q and k.
OutputRef without_scale(const Graph& g, OutputRef ref, Match& m) {
  while (true) {
    const GraphNode& n = g[ref.node];
    const bool product = is_public(n, "Multiply"), quotient = is_public(n, "Divide");
    if ((!product && !quotient) || !single_use(g, ref)) return ref;
    const size_t data = product && scalar(g, n.inputs[0]) ? 1 : 0;
    const auto by = scalar(g, n.inputs[1 - data]);
    if (!by || *by == 0 || rank_of(g, n.inputs[data]) != rank_of(g, ref)) return ref;
    m.scale *= product ? *by : 1 / *by;
    m.nodes.push_back(ref.node);
    ref = n.inputs[data];
  }
}

const GraphNode* product_of(const Graph& g, OutputRef ref) {
  const GraphNode* n = made_by(g, ref, "MatMul");
  return n && single_use(g, ref) && !n->attrs.as<ops::MatMul>().transpose_a ? n : nullptr;
}

// Scores: scale and mask over q k^T.
bool match_scores(const Graph& g, OutputRef ref, Match& m) {
  const GraphNode* add = made_by(g, ref, "Add");
  if (add && single_use(g, ref)) {
    m.nodes.push_back(ref.node);
    for (size_t i = 0; i < 2 && !m.mask.valid(); ++i) {
      Match tried = m;
      const OutputRef scores = without_scale(g, add->inputs[i], tried);
      if (!product_of(g, scores)) continue;
      m = tried;
      m.mask = add->inputs[1 - i];
      ref = scores;
    }
    if (!m.mask.valid()) return false;
  } else {
    ref = without_scale(g, ref, m);
  }
  const GraphNode* product = product_of(g, ref);
  if (!product) return false;
  m.nodes.push_back(ref.node);
  m.q = without_scale(g, product->inputs[0], m);
  m.k = without_scale(g, product->inputs[1], m);
  m.k_across = !product->attrs.as<ops::MatMul>().transpose_b;
  return true;
}

// The mask broadcasts to the scores and not the other way round.
bool mask_fits(const Graph& g, OutputRef mask, const PartialShape& scores) {
  const PartialShape& s = g.fact(mask).shape;
  if (!s.rank_is_static() || s.size() > scores.size()) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    const Dimension &a = s[s.size() - 1 - i], &b = scores[scores.size() - 1 - i];
    if (a != Dimension(1) && !a.same(b) && !(b.is_dynamic() && a.compatible(b))) return false;
  }
  return g.fact(mask).type == element::f32;
}

OutputRef transposed_to(Patch& patch, const Moved& m) {
  for (size_t i = 0; i < m.order.size(); ++i)
    if (m.order[i] != int64_t(i))
      return add_public(patch, "Transpose", {m.source, i64_constant(patch, m.order)});
  return m.source;
}

OutputRef emit(Patch& patch, const Graph& g, const Match& m, ops::FusedAttention a, size_t rank) {
  Order plain, across;
  for (size_t i = 0; i < rank; ++i) plain.push_back(int64_t(i));
  across = plain;
  std::swap(across[rank - 1], across[rank - 2]);
  const Moved q = above_transposes(g, m.q, plain),
              k = above_transposes(g, m.k, m.k_across ? across : plain),
              v = above_transposes(g, m.v, plain);
  const bool bshd = q.order == kHeadsFirst && k.order == kHeadsFirst && v.order == kHeadsFirst;
  a.layout = bshd ? ops::HeadLayout::Bshd : ops::HeadLayout::Bhsd;
  a.scale = m.scale;
  a.has_mask = m.mask.valid();
  std::vector<OutputRef> inputs;
  if (bshd) {
    inputs = {q.source, k.source, v.source};
  } else {
    inputs = {m.q, m.k_across ? transposed_to(patch, k) : m.k, m.v};
  }
  if (a.has_mask) inputs.push_back(m.mask);
  // Without a batch axis of its own the heads are one: [1, H, S, D].
  if (rank == 3)
    for (OutputRef& in : inputs)
      if (rank_of(g, in) == 3) in = add_public(patch, "Unsqueeze", {in, i64_constant(patch, {0})});
  OutputRef out = patch.add(ops::fused_attention_0, a, inputs);
  for (NodeId id : m.nodes) patch.credit(out.node, id);
  if (rank == 3) out = add_public(patch, "Squeeze", {out, i64_constant(patch, {0})});
  if (bshd) out = add_public(patch, "Transpose", {out, i64_constant(patch, kHeadsFirst)});
  return out;
}

bool spelled_out(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op->version == 0 || !is_f32(g, {id, 0})) return false;
  const auto& product = n.attrs.as<ops::MatMul>();
  const GraphNode* softmax = made_by(g, n.inputs[0], "Softmax");
  const int64_t rank = rank_of(g, {id, 0});
  if (!softmax || product.transpose_a || product.transpose_b || (rank != 3 && rank != 4) ||
      !single_use(g, n.inputs[0]))
    return false;
  const int64_t axis = softmax->attrs.as<ops::Softmax>().axis;
  if (axis != -1 && axis != rank - 1) return false;
  Match m;
  m.v = n.inputs[1];
  m.nodes = {id, n.inputs[0].node};
  if (!match_scores(g, softmax->inputs[0], m)) return false;
  const PartialShape& scores = g.fact(softmax->inputs[0]).shape;
  for (OutputRef in : {m.q, m.k, m.v}) {
    if (rank_of(g, in) != rank || is_constant(g, in)) return false;
    for (int64_t i = 0; i + 2 < rank; ++i)
      if (!g.fact(in).shape[size_t(i)].same(g.fact(m.q).shape[size_t(i)])) return false;
  }
  if (!scores.rank_is_static() || (m.mask.valid() && !mask_fits(g, m.mask, scores))) return false;
  replace_with(patch, id, emit(patch, g, m, {}, size_t(rank)));
  return true;
}

bool public_operator(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (!is_f32(g, {id, 0}) || n.inputs.size() > 5) return false;
  Match m;
  m.q = n.inputs[0], m.k = n.inputs[1], m.v = n.inputs[2];
  m.nodes = {id};
  for (OutputRef in : {m.q, m.k, m.v}) {
    if (rank_of(g, in) != 4) return false;
    for (size_t i = 0; i < 2; ++i)
      if (!g.fact(in).shape[i].same(g.fact(m.q).shape[i])) return false;
  }
  ops::FusedAttention a;
  a.causal = n.attrs.as<ops::ScaledDotProductAttention>().causal;
  if (n.inputs.size() > 3 && !a.causal) {
    const Fact& mask = g.fact(n.inputs[3]);
    // A scalar 0 stands for no mask.
    if (!is_scalar(g, n.inputs[3], 0, 0) || mask.type == element::boolean) m.mask = n.inputs[3];
    if (m.mask.valid() && (!mask.shape.rank_is_static() || mask.shape.size() > 4)) return false;
    if (m.mask.valid() && mask.type != element::f32 && mask.type != element::boolean) return false;
  }
  const Dimension& depth = g.fact(m.q).shape[3];
  const auto given = n.inputs.size() > 4 ? scalar(g, n.inputs[4]) : std::nullopt;
  if (n.inputs.size() > 4 ? !given : depth.is_dynamic() || depth.get_length() == 0) return false;
  m.scale = given ? *given : 1 / std::sqrt(double(depth.get_length()));
  replace_with(patch, id, emit(patch, g, m, a, 4));
  return true;
}

}  // namespace

void add_attention(std::vector<Rule>& rules) {
  rules.push_back({"attention", {"MatMul"}, spelled_out});
  rules.push_back({"attention-operator", {"ScaledDotProductAttention"}, public_operator});
}

}  // namespace vireo::passes
