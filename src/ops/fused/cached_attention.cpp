// vireo.CachedAttention: attention over what a cache holds and what joins it now.
#include "core/values.h"
#include "ops/fused/fused.h"
#include "ops/movement/movement.h"

namespace vireo::ops {

extern const OpDef gather_8, concat_1, transpose_1;

void visit(AttrVisitor& v, FusedCachedAttention& a) {
  v.on("scale", a.scale);
  v.on("has_mask", a.has_mask);
  v.on("has_beam", a.has_beam);
  v.on("layout", a.layout, kHeadLayoutNames);
}

namespace {

enum Input { kQ, kK, kV, kPastK, kPastV, kRest };

FusedAttention plain(const FusedCachedAttention& a) {
  FusedAttention r;
  r.scale = a.scale;
  r.has_mask = a.has_mask;
  return r;
}

PartialShape heads_first(const FusedCachedAttention& a, PartialShape s) {
  if (a.layout == HeadLayout::Bshd && s.rank_is_static()) std::swap(s[1], s[2]);
  return s;
}

// [B, G, P, D] and [B, G, S, D] to [B, G, P + S, D]; the batch is that of beam_idx if there is one.
PartialShape present_shape(InferContext& c, const FusedCachedAttention& a, size_t past,
                           size_t fresh) {
  PartialShape out = heads_first(a, c.shape(fresh));
  const PartialShape& p = c.shape(past);
  if (!out.rank_is_static() || !p.rank_is_static()) return PartialShape::dynamic(4);
  for (size_t axis : {0, 1, 3}) {
    const bool reordered = axis == 0 && a.has_beam;
    if (reordered && !c.shape(kRest).rank_is_static()) continue;
    const Dimension& kept = reordered ? c.shape(kRest)[0] : p[axis];
    if (!Dimension::merge(out[axis], out[axis], kept))
      c.fail("a cache of {} cannot take {}", p.to_string(), c.shape(fresh).to_string());
  }
  out[2] = p[2] + out[2];
  return out;
}

void infer(InferContext& c) {
  const auto& a = c.attrs<FusedCachedAttention>();
  const size_t inputs = kRest + a.has_beam + a.has_mask;
  c.expect_inputs(inputs, inputs);
  for (size_t i = 0; i < kRest; ++i) c.expect_rank(i, 4, 4);
  if (a.has_beam) c.expect_rank(kRest, 1, 1);
  Fact q{c.type(kQ), heads_first(a, c.shape(kQ)), {}, {}};
  Fact k{c.type(kK), present_shape(c, a, kPastK, kK), {}, {}};
  Fact v{c.type(kV), present_shape(c, a, kPastV, kV), {}, {}};
  std::vector<const Fact*> facts{&q, &k, &v};
  if (a.has_mask) facts.push_back(&c.input(inputs - 1));
  const std::vector<Fact> out = infer_facts(fused_attention_0, plain(a), "cached", facts);
  c.set_output(0, c.type(kQ), heads_first(a, out[0].shape));
  c.set_output(1, k.type, k.shape);
  c.set_output(2, v.type, v.shape);
}

Tensor swapped(const Tensor& t, HeadLayout layout) {
  if (layout == HeadLayout::Bhsd) return t;
  return evaluate_op(transpose_1, NoAttrs{}, "heads", {t, make_i64({0, 2, 1, 3})})[0];
}

Tensor joined(EvalContext& c, size_t past, size_t fresh) {
  const auto& a = c.attrs<FusedCachedAttention>();
  Tensor held = c.input(past);
  if (a.has_beam)
    held = evaluate_op(gather_8, make_attrs(gather_8.attrs, {}, "Gather"), "beam",
                       {held, c.input(kRest), make_i64_scalar(0)})[0];
  return evaluate_op(concat_1, Concat{2}, "cache", {held, swapped(c.input(fresh), a.layout)})[0];
}

void evaluate(EvalContext& c) {
  const auto& a = c.attrs<FusedCachedAttention>();
  const Tensor k = joined(c, kPastK, kK), v = joined(c, kPastV, kV);
  std::vector<Tensor> inputs{swapped(c.input(kQ), a.layout), k, v};
  if (a.has_mask) inputs.push_back(c.input(c.inputs() - 1));
  const Tensor out = evaluate_op(fused_attention_0, plain(a), "cached", inputs)[0];
  c.set_output(0, swapped(out, a.layout));
  c.set_output(1, k);
  c.set_output(2, v);
}

}  // namespace

VIREO_DEFINE_OP(fused_cached_attention_0){
    "vireo.CachedAttention", 0, &kAttrType<FusedCachedAttention>, infer, evaluate,
    Tolerance::Accumulate};

}  // namespace vireo::ops
