// Rotary position embedding.
//
//   x ──┬───────────── Multiply cos ──┐
//       └─ turned ──── Multiply sin ── Add            becomes  vireo.Rope(x, cos, sin)
//
//   turned, by halves:   Concat(-x[D/2:], x[:D/2])
//   turned, interleaved: Reshape(Concat(Unsqueeze(-x[1::2]), Unsqueeze(x[0::2])))
#include "ops/fused/fused.h"
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/slices.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

std::optional<OutputRef> negated(const Graph& g, OutputRef ref) {
  if (const GraphNode* n = made_by(g, ref, "Negative")) return n->inputs[0];
  const GraphNode* n = made_by(g, ref, "Multiply");
  const auto data = n ? other_than_scalar(g, *n, -1, 0) : std::nullopt;
  return data && rank_of(g, *data) == rank_of(g, ref) ? data : std::nullopt;
}

bool is_part(const Graph& g, OutputRef ref, OutputRef x, int64_t begin, int64_t end, int64_t step) {
  const auto part = axis_slice(g, ref);
  return part && part->of == x && part->axis == rank_of(g, x) - 1 && part->begin == begin &&
         part->end == end && part->step == step;
}

// A new last axis of extent 1.
std::optional<OutputRef> without_last_axis(const Graph& g, OutputRef ref, int64_t extent) {
  const GraphNode& n = g[ref.node];
  const PartialShape& s = g.fact(ref).shape;
  if (!is_public(n, "Unsqueeze") && !is_public(n, "Reshape")) return std::nullopt;
  if (!s.rank_is_static() || s.size() < 2 || s[s.size() - 1] != Dimension(1) ||
      s[s.size() - 2] != Dimension(extent))
    return std::nullopt;
  return n.inputs[0];
}

const GraphNode* concat_of_last(const Graph& g, OutputRef ref) {
  const GraphNode* n = made_by(g, ref, "Concat");
  if (!n || !single_use(g, ref) || n->inputs.size() != 2) return nullptr;
  const int64_t axis = n->attrs.as<ops::Concat>().axis, rank = rank_of(g, ref);
  return axis == -1 || axis == rank - 1 ? n : nullptr;
}

enum class Turn { None, Halves, Interleaved };

Turn turn_of(const Graph& g, OutputRef ref, OutputRef x) {
  const PartialShape& s = g.fact(x).shape;
  if (!s.rank_is_static() || s.size() == 0 || s[s.size() - 1].is_dynamic()) return Turn::None;
  const int64_t depth = s[s.size() - 1].get_length(), half = depth / 2;
  if (depth < 2 || depth % 2 != 0) return Turn::None;
  if (const GraphNode* both = concat_of_last(g, ref)) {
    const auto second = negated(g, both->inputs[0]);
    return second && is_part(g, *second, x, half, depth, 1) &&
                   is_part(g, both->inputs[1], x, 0, half, 1)
               ? Turn::Halves
               : Turn::None;
  }
  const GraphNode* flat = made_by(g, ref, "Reshape");
  const GraphNode* both = flat && single_use(g, ref) ? concat_of_last(g, flat->inputs[0]) : nullptr;
  if (!both || !same_shape(g.fact(ref).shape, s)) return Turn::None;
  const auto odd = without_last_axis(g, both->inputs[0], half);
  const auto even = without_last_axis(g, both->inputs[1], half);
  const auto second = odd ? negated(g, *odd) : std::nullopt;
  return second && even && is_part(g, *second, x, 1, depth, 2) && is_part(g, *even, x, 0, depth, 2)
             ? Turn::Interleaved
             : Turn::None;
}

// The factor is as wide as x, so that it does not widen the last axis.
bool is_factor(const Graph& g, OutputRef factor, OutputRef x) {
  const PartialShape &f = g.fact(factor).shape, &s = g.fact(x).shape;
  return f.rank_is_static() && f.size() > 0 && f[f.size() - 1].same(s[s.size() - 1]);
}

bool rope(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (!is_public(n, "Add") || !is_f32(g, {id, 0}) || !numpy_broadcast(g, n)) return false;
  for (size_t i = 0; i < 2; ++i) {
    const GraphNode* along = made_by(g, n.inputs[i], "Multiply");
    const GraphNode* across = made_by(g, n.inputs[1 - i], "Multiply");
    if (!along || !across || !single_use(g, n.inputs[0]) || !single_use(g, n.inputs[1]))
      return false;
    if (!numpy_broadcast(g, *along) || !numpy_broadcast(g, *across)) return false;
    for (size_t a = 0; a < 2; ++a)
      for (size_t b = 0; b < 2; ++b) {
        const OutputRef x = along->inputs[a], cos = along->inputs[1 - a],
                        sin = across->inputs[1 - b];
        const Turn turn = turn_of(g, across->inputs[b], x);
        if (turn == Turn::None || !is_factor(g, cos, x) || !is_factor(g, sin, x)) continue;
        ops::FusedRope attrs;
        attrs.interleaved = turn == Turn::Interleaved;
        replace_with(patch, id, patch.add(ops::fused_rope_0, attrs, {x, cos, sin}),
                     {n.inputs[0].node, n.inputs[1].node});
        return true;
      }
  }
  return false;
}

}  // namespace

void add_rope(std::vector<Rule>& rules) { rules.push_back({"rope", {"Add"}, rope}); }

}  // namespace vireo::passes
