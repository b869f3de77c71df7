// vireo.PagedAttention: vireo.CachedAttention together with its two variables.
#include <limits>

#include "core/values.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedPagedAttention& a) {
  v.on("scale", a.scale);
  v.on("has_beam", a.has_beam);
  v.on("layout", a.layout, kHeadLayoutNames);
  v.on("causal", a.causal);
  v.on("window", a.window);
  v.on("has_padding", a.has_padding);
  v.on("has_slopes", a.has_slopes);
  v.on("key_id", a.key_id);
  v.on("value_id", a.value_id);
}

namespace {

enum Input { kQ, kK, kV, kRest };

void infer(InferContext& c) {
  const auto& a = c.attrs<FusedPagedAttention>();
  const size_t inputs = kRest + a.has_beam + a.has_padding + a.has_slopes;
  c.expect_inputs(inputs, inputs);
  for (size_t i = 0; i < kRest; ++i) c.expect_rank(i, 4, 4);
  PartialShape out = c.shape(kQ);
  const PartialShape& v = c.shape(kV);
  if (!out.rank_is_static()) out = PartialShape::dynamic(4);
  out[3] = v.rank_is_static() ? v[3] : Dimension();
  c.set_output(0, c.type(kQ), out);
}

// What a variable holds; nothing at first.
Tensor past(EvalContext& c, const std::string& id, size_t fresh) {
  if (Tensor* held = c.variables ? c.variables->find(id) : nullptr) return *held;
  Shape shape = c.shape(fresh);
  if (c.attrs<FusedPagedAttention>().layout == HeadLayout::Bshd) std::swap(shape[1], shape[2]);
  shape[2] = 0;
  return Tensor(c.input(fresh).get_element_type(), shape);
}

// What is added to the scores, [B, H, S, T].
Tensor mask(EvalContext& c, size_t past) {
  const auto& a = c.attrs<FusedPagedAttention>();
  const bool behind = a.layout == HeadLayout::Bshd;
  const Shape& q = c.shape(kQ);
  const size_t batch = q[0], heads = q[behind ? 2 : 1], queries = q[behind ? 1 : 2];
  const size_t keys = past + queries, padding_at = kRest + a.has_beam;
  const std::vector<double> padding =
      a.has_padding ? load<double>(c.input(padding_at)) : std::vector<double>(batch * keys, 1);
  const std::vector<double> slopes =
      a.has_slopes ? load<double>(c.input(padding_at + a.has_padding)) : std::vector<double>(heads);
  if (padding.size() != batch * keys || slopes.size() != heads)
    c.fail("padding of {} elements and slopes of {} for {} x {} keys and {} heads", padding.size(),
           slopes.size(), batch, keys, heads);
  std::vector<double> sum;
  sum.reserve(batch * heads * queries * keys);
  for (size_t b = 0; b < batch; ++b)
    for (size_t h = 0; h < heads; ++h)
      for (size_t at = past; at < keys; ++at)
        for (size_t t = 0; t < keys; ++t) {
          const bool ahead = a.causal && t > at, gone = a.window && t + size_t(a.window) <= at;
          sum.push_back(ahead || gone || padding[b * keys + t] == 0
                            ? -std::numeric_limits<double>::infinity()
                            : slopes[h] * double(t));
        }
  return make_tensor<double>(element::f32, {batch, heads, queries, keys}, sum);
}

void evaluate(EvalContext& c) {
  const auto& a = c.attrs<FusedPagedAttention>();
  FusedCachedAttention cached;
  cached.scale = a.scale, cached.layout = a.layout;
  cached.has_beam = a.has_beam, cached.has_mask = true;
  const Tensor keys = past(c, a.key_id, kK), values = past(c, a.value_id, kV);
  std::vector<Tensor> inputs{c.input(kQ), c.input(kK), c.input(kV), keys, values};
  if (a.has_beam) inputs.push_back(c.input(kRest));
  inputs.push_back(mask(c, keys.get_shape()[2]));
  const std::vector<Tensor> out = evaluate_op(fused_cached_attention_0, cached, "paged", inputs);
  c.set_output(0, out[0]);
  if (!c.variables) return;
  c.variables->assign(a.key_id, out[1]);
  c.variables->assign(a.value_id, out[2]);
}

}  // namespace

VIREO_DEFINE_OP(fused_paged_attention_0){
    "vireo.PagedAttention", 0,        &kAttrType<FusedPagedAttention>, infer, evaluate,
    Tolerance::Accumulate,  kStateful};

}  // namespace vireo::ops
