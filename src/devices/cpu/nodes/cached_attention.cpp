// Attention over a cache: what it holds and what joins it are written behind one another, then
// attended to. The cache is an ordinary tensor here; each inference copies it once.
#include <cstring>

#include "devices/cpu/kernels/attention/attention.h"
#include "devices/cpu/nodes/attention_step.h"
#include "devices/cpu/nodes/copy_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

enum Input : size_t { kQ, kK, kV, kPastK, kPastV, kRest };

size_t mask_input(const NodeView& node) {
  return node.attrs<ops::FusedCachedAttention>().has_mask ? node.inputs() - 1 : kNoMask;
}

std::string refusal(const NodeView& node) {
  const auto& a = node.attrs<ops::FusedCachedAttention>();
  if (a.has_beam && node.in_type(kRest) != element::i32 && node.in_type(kRest) != element::i64)
    return fmt::format("the beam index is {}", node.in_type(kRest).name());
  const std::string wide = needs_f32(node, kRest);  // the cache is f32
  return wide.empty() ? attention_refusal(node, kRest, mask_input(node)) : wide;
}

// Batch entry b of the present is that of number beam[b] of the past, for as many positions as
// there are; a number that is none gives zeros.
struct BeamParams {
  int64_t heads = 0, past = 0, present = 0, depth = 0, batches = 0;
  bool wide = false;  // the index is i64
  bool has_beam = false;
};

void copy_past(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  const auto& p = *static_cast<const BeamParams*>(params);
  const auto* src = static_cast<const float*>(o[1]);
  auto* dst = static_cast<float*>(o[0]);
  const size_t bytes = size_t(p.past * p.depth) * sizeof(float);
  for (int64_t i = begin; i < end; ++i) {
    int64_t from = i / p.heads;
    if (p.has_beam)
      from = p.wide ? static_cast<const int64_t*>(o[2])[from]
                    : int64_t(static_cast<const int32_t*>(o[2])[from]);
    if (from < 0) from += p.batches;
    float* to = dst + i * p.present * p.depth;
    if (from < 0 || from >= p.batches)
      std::memset(to, 0, bytes);
    else
      std::memcpy(to, src + (from * p.heads + i % p.heads) * p.past * p.depth, bytes);
  }
}

// Writes past and fresh keys (or values) one behind the other.
Place join(PlanContext& c, size_t past, size_t fresh, size_t out) {
  const auto& a = c.attrs<ops::FusedCachedAttention>();
  const bool inside = a.layout == ops::HeadLayout::Bshd;
  const Shape &held = c.shape(past), &present = c.out_shape(out);
  Shape part = c.shape(fresh);
  std::vector<int64_t> from = byte_strides(part, 4);
  if (inside) std::swap(part[1], part[2]), std::swap(from[1], from[2]);
  const Place to = c.output(out);
  const std::vector<int64_t> strides = byte_strides(present, 4);
  if (elements(held) > 0 && elements(present) > 0) {
    BeamParams p{int64_t(present[1]), int64_t(held[2]), int64_t(present[2]),
                 int64_t(held[3]),    int64_t(held[0]), false,
                 a.has_beam};
    std::vector<Place> operands{to, c.input(past)};
    if (a.has_beam) {
      p.wide = c.in_type(kRest) == element::i64;
      operands.push_back(c.input(kRest));
    }
    StepSpec spec;
    spec.fn = copy_past;
    spec.tasks = int64_t(present[0]) * p.heads;
    spec.bytes = 8.0 * double(elements(held));
    spec.microseconds = estimate(spec.bytes);
    spec.kernel = "cache_copy";
    c.step(spec, p, operands);
  }
  if (elements(part) > 0)
    copy_step(c, "cache_append", part, c.input(fresh), from,
              shifted(to, int64_t(held[2]) * strides[2]), strides, 4);
  return to;
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedCachedAttention>();
  const bool behind = a.layout == ops::HeadLayout::Bshd;
  const HeadsView q = heads_view(c.shape(kQ), behind), k = heads_view(c.out_shape(1), false),
                  v = heads_view(c.out_shape(2), false);
  AttentionParams d;
  d.scale = float(a.scale);
  const size_t mask = mask_input(c);
  if (const char* reason =
          attention_params(c, q, k, v, heads_view(c.out_shape(), behind), mask, &d))
    return reason;
  const Place places[3] = {c.input(kQ), join(c, kPastK, kK, 1), join(c, kPastV, kV, 2)};
  attention_step(c, d, k.positions, places, mask, c.output(0));
  return nullptr;
}

}  // namespace

const NodeKind cached_attention_node = {"vireo.CachedAttention", refusal, nullptr, plan};

}  // namespace vireo::cpu
