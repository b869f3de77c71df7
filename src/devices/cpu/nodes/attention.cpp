// Scaled dot-product attention: Vireo's own operator, and the public one where the passes could not
// tell enough of its shapes to rewrite it.
#include "ops/attention/attention.h"

#include <cmath>

#include "core/values.h"
#include "devices/cpu/nodes/attention_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

size_t mask_input(const NodeView& node) {
  const auto& a = node.attrs<ops::FusedAttention>();
  return !a.has_mask ? kNoMask : a.packed ? 1 : 3;
}

std::string refusal(const NodeView& node) {
  return attention_refusal(node, node.attrs<ops::FusedAttention>().packed ? 1 : 3,
                           mask_input(node));
}

// q, k and v inside [B, S, 3, H, D].
HeadsView packed_view(const Shape& s) {
  const int64_t depth = int64_t(s[4]), row = 3 * int64_t(s[3]) * depth;
  return {int64_t(s[0]), int64_t(s[3]), int64_t(s[1]), depth, {int64_t(s[1]) * row, depth, row}};
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedAttention>();
  const bool behind = a.layout == ops::HeadLayout::Bshd;
  HeadsView views[3];
  for (size_t i = 0; i < 3; ++i)
    views[i] = a.packed ? packed_view(c.shape(0)) : heads_view(c.shape(i), behind);
  AttentionParams d;
  d.scale = float(a.scale);
  d.causal = a.causal;
  const size_t mask = mask_input(c);
  if (const char* reason = attention_params(c, views[0], views[1], views[2],
                                            heads_view(c.out_shape(), behind), mask, &d))
    return reason;
  Place places[3] = {c.input(0), c.input(a.packed ? 0 : 1), c.input(a.packed ? 0 : 2)};
  const uint64_t part = uint64_t(views[0].heads * views[0].depth) * c.in_type(0).size();
  for (size_t i = 1; i < 3 && a.packed; ++i) places[i].offset += i * part;
  attention_step(c, d, views[1].positions, places, mask, c.output(0));
  return nullptr;
}

// The public operator has a mask as input 3, which may be a scalar 0 or empty for none, and a scale
// as input 4.
std::string public_refusal(const NodeView& node) {
  if (node.inputs() > 5) return "the kernel takes no sinks";
  if (node.inputs() > 4 && !node.constant(4)) return "the scale is not constant";
  return attention_refusal(node, 3, 3);
}

const char* plan_public(PlanContext& c) {
  for (size_t i = 0; i < 3; ++i)
    if (c.shape(i).size() != 4) return "the rank is not 4";
  const HeadsView q = heads_view(c.shape(0), false), k = heads_view(c.shape(1), false),
                  v = heads_view(c.shape(2), false);
  AttentionParams d;
  d.causal = c.attrs<ops::ScaledDotProductAttention>().causal;
  d.scale = c.inputs() > 4 ? float(load<double>(*c.value(4)).at(0))
                           : float(1 / std::sqrt(double(q.depth)));
  size_t mask = c.inputs() > 3 && !d.causal ? 3 : kNoMask;
  if (mask == 3 && elements(c.shape(3)) == 0) mask = kNoMask;
  if (const char* reason = attention_params(c, q, k, v, heads_view(c.out_shape(), false), mask, &d))
    return reason;
  const Place places[3] = {c.input(0), c.input(1), c.input(2)};
  attention_step(c, d, k.positions, places, mask, c.output(0));
  return nullptr;
}

}  // namespace

const NodeKind attention_node = {"vireo.Attention", refusal, nullptr, plan};
const NodeKind public_attention_node = {"ScaledDotProductAttention", public_refusal, nullptr,
                                        plan_public};

}  // namespace vireo::cpu
