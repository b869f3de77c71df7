// Attention over a variable that grows with every inference.
//
//   ReadValue ─ Gather(beam_idx) ─ Concat(.., k) ─┬─ k of vireo.Attention
//                                                 └─ Assign
//
// and the same for v, becomes one vireo.CachedAttention between ReadValue and Assign: it reads the
// pasts and gives the presents. What is done with q, and the mask, may not hang on the presents.
#include <unordered_set>

#include "ops/fused/fused.h"
#include "ops/movement/movement.h"
#include "ops/state/state.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

struct Cache {
  OutputRef present, past, fresh, beam;
};

bool is_assigned(const Graph& g, OutputRef ref) {
  for (const Use& use : g.arena->output(ref).uses)
    if (is_public(g[use.node], "Assign")) return true;
  return false;
}

// Concat(past, fresh) along the sequence of [batch, heads, sequence, depth] that a variable takes.
std::optional<Cache> cache_of(const Graph& g, OutputRef ref) {
  const GraphNode* n = made_by(g, ref, "Concat");
  if (!n || n->inputs.size() != 2 || rank_of(g, ref) != 4 || !is_assigned(g, ref))
    return std::nullopt;
  const int64_t axis = n->attrs.as<ops::Concat>().axis;
  if (axis != 2 && axis != -2) return std::nullopt;
  Cache cache{ref, n->inputs[0], n->inputs[1], {}};
  if (const GraphNode* gather = made_by(g, cache.past, "Gather")) {
    const auto along = ints(g, gather->inputs[2]);
    if (!along || along->size() != 1 || (*along)[0] != 0 || rank_of(g, gather->inputs[1]) != 1 ||
        number_attr(*gather, "batch_dims", 0) != 0 || gather->op->version != 8)
      return std::nullopt;
    cache.beam = gather->inputs[1];
    cache.past = gather->inputs[0];
  }
  if (!made_by(g, cache.past, "ReadValue") || rank_of(g, cache.past) != 4) return std::nullopt;
  return cache;
}

// Whether any of `from` is computed from a value of the nodes `to`.
bool hangs_on(const Graph& g, std::vector<NodeId> from, const std::unordered_set<NodeId>& to) {
  std::unordered_set<NodeId> seen(from.begin(), from.end());
  while (!from.empty()) {
    const NodeId id = from.back();
    from.pop_back();
    if (to.count(id)) return true;
    for (OutputRef s : g[id].inputs)
      if (seen.insert(s.node).second) from.push_back(s.node);
  }
  return false;
}

bool cached_attention(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op != &ops::fused_attention_0 || !is_f32(g, {id, 0})) return false;
  const auto& a = n.attrs.as<ops::FusedAttention>();
  if (a.layout != ops::HeadLayout::Bhsd || a.causal) return false;
  const auto k = cache_of(g, n.inputs[1]), v = cache_of(g, n.inputs[2]);
  if (!k || !v || k->present == v->present || k->beam != v->beam) return false;
  std::vector<NodeId> sources{n.inputs[0].node, k->fresh.node, v->fresh.node, k->past.node,
                              v->past.node};
  if (a.has_mask) sources.push_back(n.inputs[3].node);
  if (k->beam.valid()) sources.push_back(k->beam.node);
  if (hangs_on(g, sources, {k->present.node, v->present.node})) return false;
  ops::FusedCachedAttention attrs;
  attrs.scale = a.scale;
  attrs.has_mask = a.has_mask;
  attrs.has_beam = k->beam.valid();
  std::vector<OutputRef> inputs{n.inputs[0], k->fresh, v->fresh, k->past, v->past};
  if (attrs.has_beam) inputs.push_back(k->beam);
  if (attrs.has_mask) inputs.push_back(n.inputs[3]);
  const OutputRef made = patch.add(ops::fused_cached_attention_0, attrs, inputs);
  patch.credit(made.node, k->present.node);
  patch.credit(made.node, v->present.node);
  replace_with(patch, id, made);
  patch.replace(k->present, {made.node, 1});
  patch.replace(v->present, {made.node, 2});
  return true;
}

}  // namespace

void add_cached_attention(std::vector<Rule>& rules) {
  rules.push_back({"cached-attention", {"vireo.Attention"}, cached_attention});
}

}  // namespace vireo::passes
