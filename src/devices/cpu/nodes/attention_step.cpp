// Attention kernels as steps.
#include "devices/cpu/nodes/attention_step.h"

namespace vireo::cpu {

namespace {

struct Params {
  AttentionPlan plan;
  int64_t keys = 0;
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params*>(params);
  const bool mask = p.plan.params.mask != AttentionMask::none;
  const AttentionArgs args{o[1], o[2], o[3], mask ? o[4] : nullptr, o[0], p.keys};
  run_attention(p.plan, args, begin, end, scratch);
}

// Strides of a mask over [batch, heads, queries, keys]; a reason if it does not lie so.
const char* place_mask(PlanContext& c, size_t input, const int64_t* extents, AttentionParams* d) {
  const Shape& m = c.shape(input);
  if (m.size() > 4) return "the mask has more than four axes";
  int64_t strides[4] = {}, step = 1;
  for (size_t i = m.size(); i-- > 0;) {
    const size_t axis = i + 4 - m.size();
    if (m[i] != 1 && int64_t(m[i]) != extents[axis]) return "the mask does not fit";
    strides[axis] = m[i] == 1 ? 0 : step;
    step *= int64_t(m[i]);
  }
  d->mask = c.in_type(input) == element::boolean ? AttentionMask::boolean : AttentionMask::additive;
  d->mask_batch = strides[0], d->mask_head = strides[1], d->mask_row = strides[2],
  d->mask_col = strides[3];
  return nullptr;
}

}  // namespace

HeadsView heads_view(const Shape& s, bool heads_behind) {
  const int64_t depth = int64_t(s[3]), inner = depth * int64_t(s[2]), all = inner * int64_t(s[1]);
  if (heads_behind)
    return {int64_t(s[0]), int64_t(s[2]), int64_t(s[1]), depth, {all, depth, inner}};
  return {int64_t(s[0]), int64_t(s[1]), int64_t(s[2]), depth, {all, inner, depth}};
}

std::string attention_refusal(const NodeView& node, size_t heads, size_t mask) {
  if (mask < node.inputs() && node.in_type(mask) != element::f32 &&
      node.in_type(mask) != element::boolean)
    return fmt::format("the mask is {}", node.in_type(mask).name());
  const element::Type type = node.in_type(0);
  if (type != element::f32 && type != element::bf16)
    return fmt::format("the kernel takes f32 and bf16, input 0 is {}", type.name());
  for (size_t i = 1; i < heads; ++i)
    if (node.in_type(i) != type)
      return fmt::format("input 0 is {}, input {} is {}", type.name(), i, node.in_type(i).name());
  return {};
}

const char* attention_params(PlanContext& c, const HeadsView& q, const HeadsView& k,
                             const HeadsView& v, const HeadsView& out, size_t mask,
                             AttentionParams* d) {
  if (q.batch != k.batch || q.batch != v.batch) return "the batch broadcasts";
  if (k.heads != v.heads || k.positions != v.positions) return "keys and values differ in extent";
  if (k.heads == 0 || q.heads % k.heads != 0) return "heads are no multiple of key heads";
  if (out.batch != q.batch || out.heads != q.heads || out.positions != q.positions)
    return "the mask broadcasts the queries";
  if (d->causal && q.positions != k.positions)
    return "the causal mask starts at the top left corner";
  data_type(c.in_type(0), &d->type);
  d->batch = q.batch, d->heads = q.heads, d->kv_heads = k.heads, d->q_length = q.positions;
  d->head_size = q.depth, d->value_size = v.depth;
  d->q = q.strides, d->k = k.strides, d->v = v.strides, d->out = out.strides;
  const int64_t extents[4] = {q.batch, q.heads, q.positions, k.positions};
  return mask == kNoMask ? nullptr : place_mask(c, mask, extents, d);
}

void attention_step(PlanContext& c, const AttentionParams& d, int64_t keys,
                    const Place (&operands)[3], size_t mask, Place out) {
  std::vector<Place> places{out, operands[0], operands[1], operands[2]};
  if (d.mask != AttentionMask::none) places.push_back(c.input(mask));
  const Params p{plan_attention(d, c.isa()), keys};
  const double flop =
      2.0 * double(d.batch * d.heads * d.q_length * keys) * double(d.head_size + d.value_size);
  c.step(
      spec_of(p.plan, run, fmt::format("attention_{}_{}", c.in_type(0).name(), tier_name(c.isa())),
              estimate(0, flop), flop * 1e-9),
      p, places);
}

}  // namespace vireo::cpu
