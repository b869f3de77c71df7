// Attention whose queries, keys and values were computed as one matrix reads them where they lie.
//
//   x [B, S, 3, H, D] ─ Slice i of axis 2 ─ Squeeze ─┐
//   or x [B, S, 3 H D] ─ Split ─ Reshape             ─┴ q, k, v of vireo.Attention
//
// becomes vireo.Attention(x), packed.
#include "ops/fused/fused.h"
#include "ops/movement/movement.h"
#include "passes/match.h"
#include "passes/slices.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// Part `part` of three of [B, S, 3, H, D] or [B, S, 3 H D], as [B, S, H, D]: what it is a part of.
std::optional<OutputRef> third_of(const Graph& g, OutputRef ref, int64_t part) {
  const GraphNode& view = g[ref.node];
  if (!is_public(view, "Reshape") && !is_public(view, "Squeeze")) return std::nullopt;
  const auto slice = axis_slice(g, view.inputs[0]);
  if (!slice || slice->axis != 2 || slice->step != 1) return std::nullopt;
  const PartialShape &x = g.fact(slice->of).shape, &out = view.fact().shape;
  if (!out.rank_is_static() || out.size() != 4 || out[2].is_dynamic() || out[3].is_dynamic() ||
      (x.size() != 3 && x.size() != 5) || !out[0].same(x[0]) || !out[1].same(x[1]))
    return std::nullopt;
  const int64_t heads = out[2].get_length(), depth = out[3].get_length();
  const int64_t size = x.size() == 3 ? heads * depth : 1;
  if (x.size() == 5 && (x[3] != out[2] || x[4] != out[3])) return std::nullopt;
  if (x[2] != Dimension(3 * size) || slice->begin != part * size ||
      slice->end != slice->begin + size)
    return std::nullopt;
  return slice->of;
}

bool packed_heads(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  if (n.op != &ops::fused_attention_0 || !is_f32(g, {id, 0})) return false;
  auto a = n.attrs.as<ops::FusedAttention>();
  if (a.packed || a.layout != ops::HeadLayout::Bshd) return false;
  const auto q = third_of(g, n.inputs[0], 0), k = third_of(g, n.inputs[1], 1),
             v = third_of(g, n.inputs[2], 2);
  if (!q || k != q || v != q) return false;
  const PartialShape& heads = g.fact(n.inputs[0]).shape;
  for (size_t i = 1; i < 3; ++i)
    if (!same_shape(heads, g.fact(n.inputs[i]).shape)) return false;
  OutputRef x = *q;
  if (rank_of(g, x) == 3) {
    // The batch and the length may be unknown: they are copied.
    const std::vector<int64_t> pattern{0, 0, 3, heads[2].get_length(), heads[3].get_length()};
    x = patch.add(ops::reshape_1, ops::Reshape{true}, {x, i64_constant(patch, pattern)});
  }
  a.packed = true;
  std::vector<OutputRef> inputs{x};
  if (a.has_mask) inputs.push_back(n.inputs[3]);
  replace_with(patch, id, patch.add(*n.op, a, inputs));
  return true;
}

}  // namespace

void add_packed_heads(std::vector<Rule>& rules) {
  rules.push_back({"packed-heads", {"vireo.Attention"}, packed_heads});
}

}  // namespace vireo::passes
