// Heads that share keys and values (grouped or multi-query attention): vireo.Attention reads the
// few that there are instead of copies.
//
//   [B, G, T, D] ─ Unsqueeze ─ Broadcast or Tile to [B, G, n, T, D] ─ Reshape to [B, G n, T, D]
//
// before both k and v goes. The target of the Broadcast may repeat keys that are one (T = 1): all
// copies weigh the same, and the operator broadcasts where only a part of its inputs do.
#include "ops/fused/fused.h"
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

bool is_extent(const Dimension& d) { return d.is_static() && d.get_length() > 0; }

// [B, G, 1, T, D] repeated along axis 2 alone, as far as that matters.
const GraphNode* repeated(const Graph& g, OutputRef ref) {
  const GraphNode& n = g[ref.node];
  const bool tile = is_public(n, "Tile"), broadcast = is_public(n, "Broadcast");
  if (!tile && !broadcast) return nullptr;
  const PartialShape &in = g.fact(n.inputs[0]).shape, &out = n.fact().shape;
  if (!in.rank_is_static() || !out.rank_is_static() || in.size() != 5 || out.size() != 5)
    return nullptr;
  if (broadcast) {
    const ops::BroadcastMode mode = n.attrs.as<ops::Broadcast>().mode;
    if (mode != ops::BroadcastMode::Numpy && mode != ops::BroadcastMode::Bidirectional)
      return nullptr;
  }
  for (size_t axis : {0, 1, 3, 4})
    if (!in[axis].same(out[axis]) && (tile || axis != 3)) return nullptr;
  return in[2] == Dimension(1) && is_extent(out[2]) ? &n : nullptr;
}

// The [B, G, T, D] that `ref` repeats to [B, G n, T, D].
std::optional<OutputRef> ungrouped(const Graph& g, OutputRef ref, int64_t& n) {
  const GraphNode* joined = made_by(g, ref, "Reshape");
  const GraphNode* wide = joined ? repeated(g, joined->inputs[0]) : nullptr;
  if (!wide) return std::nullopt;
  const PartialShape &w = wide->fact().shape, &j = joined->fact().shape;
  const GraphNode& narrow = g[wide->inputs[0].node];
  if (!is_public(narrow, "Unsqueeze") && !is_public(narrow, "Reshape")) return std::nullopt;
  const PartialShape& source = g.fact(narrow.inputs[0]).shape;
  if (!source.rank_is_static() || source.size() != 4 || !j.rank_is_static() || j.size() != 4 ||
      !is_extent(w[1]) || !is_extent(w[4]))
    return std::nullopt;
  // Batch, heads and depth stay: so does the length.
  const size_t kept[] = {0, 1, 4};
  for (size_t i = 0; i < 3; ++i)
    if (!w[kept[i]].same(source[i < 2 ? i : 3])) return std::nullopt;
  n = w[2].get_length();
  if (!j[0].same(w[0]) || j[1] != Dimension(w[1].get_length() * n) || !j[3].same(w[4]))
    return std::nullopt;
  return narrow.inputs[0];
}

bool grouped_heads(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op != &ops::fused_attention_0) return false;
  const auto& a = n.attrs.as<ops::FusedAttention>();
  if (a.layout != ops::HeadLayout::Bhsd) return false;
  int64_t times_k = 0, times_v = 0;
  const auto k = ungrouped(g, n.inputs[1], times_k), v = ungrouped(g, n.inputs[2], times_v);
  if (!k || !v || times_k != times_v) return false;
  std::vector<OutputRef> inputs = n.inputs;
  inputs[1] = *k;
  inputs[2] = *v;
  replace_with(patch, id, patch.add(*n.op, a, inputs));
  return true;
}

}  // namespace

void add_grouped_heads(std::vector<Rule>& rules) {
  rules.push_back({"grouped-heads", {"vireo.Attention"}, grouped_heads});
}

}  // namespace vireo::passes
