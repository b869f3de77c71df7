// Scaled dot-product attention.
#include "devices/cpu/kernels/attention/attention.h"

#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  if (node.inputs() > 3 && node.in_type(3) != element::f32 && node.in_type(3) != element::boolean)
    return fmt::format("the mask is {}", node.in_type(3).name());
  const element::Type type = node.in_type(0);
  if (type != element::f32 && type != element::bf16)
    return fmt::format("the kernel takes f32 and bf16, input 0 is {}", type.name());
  for (size_t i = 1; i < 3; ++i)
    if (node.in_type(i) != type)
      return fmt::format("input 0 is {}, input {} is {}", type.name(), i, node.in_type(i).name());
  return {};
}

struct Params {
  AttentionPlan plan;
  int64_t kv_length = 0;
  bool mask = false;
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params*>(params);
  AttentionArgs args{o[1], o[2], o[3], p.mask ? o[4] : nullptr, o[0], p.kv_length};
  run_attention(p.plan, args, begin, end, scratch);
}

AttentionStrides strides_of(const Shape& s, bool heads_inside) {
  const int64_t d = int64_t(s[3]);
  const int64_t inner = d * int64_t(s[2]);
  return {inner * int64_t(s[1]), heads_inside ? d : inner, heads_inside ? inner : d};
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedAttention>();
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  if (q.size() != 4) return "the rank is not 4";
  const bool inside = a.layout == ops::HeadLayout::Bshd;
  const size_t heads = inside ? 2 : 1, positions = inside ? 1 : 2;
  if (q[0] != k[0] || q[0] != v[0]) return "the batch broadcasts";
  Params p;
  AttentionParams d;
  data_type(c.in_type(0), &d.type);
  d.batch = int64_t(q[0]);
  d.heads = int64_t(q[heads]);
  d.kv_heads = int64_t(k[heads]);
  d.q_length = int64_t(q[positions]);
  p.kv_length = int64_t(k[positions]);
  d.head_size = int64_t(q[3]);
  d.value_size = int64_t(v[3]);
  d.scale = float(a.scale);
  d.causal = a.causal;
  if (a.causal && d.q_length != p.kv_length) return "the causal mask starts at the top left corner";
  d.q = strides_of(q, inside);
  d.k = strides_of(k, inside);
  d.v = strides_of(v, inside);
  d.out = strides_of(c.out_shape(), inside);
  std::vector<Place> operands = {{}, c.input(0), c.input(1), c.input(2)};
  if (a.has_mask) {
    const Shape& m = c.shape(3);
    if (m.size() > 4) return "the mask has more than four axes";
    const int64_t want[4] = {d.batch, d.heads, d.q_length, p.kv_length};
    int64_t strides[4] = {}, step = 1;
    for (size_t i = m.size(); i-- > 0;) {
      const size_t axis = i + 4 - m.size();
      if (m[i] != 1 && int64_t(m[i]) != want[axis]) return "the mask does not fit";
      strides[axis] = m[i] == 1 ? 0 : step;
      step *= int64_t(m[i]);
    }
    d.mask = c.in_type(3) == element::boolean ? AttentionMask::boolean : AttentionMask::additive;
    d.mask_batch = strides[0], d.mask_head = strides[1], d.mask_row = strides[2],
    d.mask_col = strides[3];
    p.mask = true;
    operands.push_back(c.input(3));
  }
  operands[0] = c.output(0);
  p.plan = plan_attention(d, c.isa());
  const double flop = 2.0 * double(d.batch * d.heads * d.q_length * p.kv_length) *
                      double(d.head_size + d.value_size);
  c.step(
      spec_of(p.plan, run, fmt::format("attention_{}_{}", c.in_type(0).name(), tier_name(c.isa())),
              estimate(0, flop), flop * 1e-9),
      p, operands);
  return nullptr;
}

}  // namespace

const NodeKind attention_node = {"vireo.Attention", refusal, nullptr, plan};

}  // namespace vireo::cpu
