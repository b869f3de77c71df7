// The attention kernel as a step, for the operators that come down to it.
#pragma once

#include "devices/cpu/kernels/attention/attention.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

// Queries, keys, values or the result: [batch, heads, positions, depth] in whatever order.
struct HeadsView {
  int64_t batch = 0, heads = 0, positions = 0, depth = 0;
  AttentionStrides strides;
};

// A dense tensor of four axes; heads in front of positions or behind.
HeadsView heads_view(const Shape& shape, bool heads_behind);

// The mask's input, if there is one.
constexpr size_t kNoMask = ~size_t(0);

// Why not at all, by types: q, k and v are inputs [0, heads).
std::string attention_refusal(const NodeView& node, size_t heads, size_t mask);

// Whether the kernel can do it for these shapes: a reason, or null and the params filled.
const char* attention_params(PlanContext& c, const HeadsView& q, const HeadsView& k,
                             const HeadsView& v, const HeadsView& out, size_t mask,
                             AttentionParams* params);

// The step itself; operands are q, k and v.
void attention_step(PlanContext& c, const AttentionParams& params, int64_t keys,
                    const Place (&operands)[3], size_t mask, Place out);

}  // namespace vireo::cpu
