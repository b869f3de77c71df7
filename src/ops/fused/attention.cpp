// vireo.Attention: softmax(scale q k^T + mask) v with grouped heads.
#include "core/values.h"
#include "ops/arithmetic/broadcast.h"
#include "ops/attention/compute.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedAttention& a) {
  v.on("scale", a.scale);
  v.on("causal", a.causal);
  v.on("has_mask", a.has_mask);
  v.on("layout", a.layout, kHeadLayoutNames);
}

namespace {

void infer(InferContext& c) {
  const FusedAttention& a = c.attrs<FusedAttention>();
  c.expect_inputs(3 + a.has_mask, 3 + a.has_mask);
  for (size_t i = 0; i < 3; ++i) c.expect_rank(i, 4, 4);
  PartialShape out = c.shape(0).rank_is_static() ? c.shape(0) : PartialShape::dynamic(4);
  out[3] = c.shape(2).rank_is_static() ? c.shape(2)[3] : Dimension();
  const size_t heads = a.layout == HeadLayout::Bhsd ? 1 : 2, sequence = 3 - heads;
  const auto check = [&](size_t i, size_t j, size_t axis) {
    const PartialShape &x = c.shape(i), &y = c.shape(j);
    if (x.rank_is_static() && y.rank_is_static() && !x[axis].compatible(y[axis]))
      c.fail("inputs {} and {} of shapes {} and {} differ in axis {}", i, j, x.to_string(),
             y.to_string(), axis);
  };
  check(0, 1, 3);
  check(1, 2, sequence);
  check(1, 2, heads);
  check(1, 2, 0);
  const PartialShape& k = c.shape(1);
  if (out[0].is_static() && k.rank_is_static() && k[0].is_static() && k[0] != Dimension(1) &&
      k[0] != out[0])
    c.fail("batches {} and {} differ", out[0].to_string(), k[0].to_string());
  if (a.has_mask) {
    PartialShape scores{out[0], out[heads], out[sequence],
                        k.rank_is_static() ? k[sequence] : Dimension()};
    const PartialShape full = scores;
    c.expect_rank(3, 0, 4);
    if (!PartialShape::broadcast_merge_into(scores, c.shape(3)) || !scores.compatible(full))
      c.fail("a mask of {} does not broadcast to {}", c.shape(3).to_string(), full.to_string());
  }
  c.set_output(0, c.type(0), out);
}

// [B, S, H, D] to [B, H, S, D] and, with the middle extents swapped, back.
std::vector<double> swap_middle(const std::vector<double>& x, size_t b, size_t s, size_t h,
                                size_t d) {
  std::vector<double> r(x.size());
  for (size_t n = 0; n < b; ++n)
    for (size_t i = 0; i < s; ++i)
      for (size_t j = 0; j < h; ++j)
        std::copy_n(&x[((n * s + i) * h + j) * d], d, &r[((n * h + j) * s + i) * d]);
  return r;
}

struct Heads {
  size_t batch, heads, sequence, depth;
  std::vector<double> data;  // [B, H, S, D]
};
Heads load_heads(EvalContext& c, size_t i) {
  const Shape& s = c.shape(i);
  std::vector<double> x = load<double>(c.input(i));
  if (c.attrs<FusedAttention>().layout == HeadLayout::Bhsd)
    return {s[0], s[1], s[2], s[3], std::move(x)};
  return {s[0], s[2], s[1], s[3], swap_middle(x, s[0], s[1], s[2], s[3])};
}

// What is added to each score, [B, H, S, T], or nothing.
std::vector<double> dense_mask(EvalContext& c, const Shape& full) {
  if (!c.attrs<FusedAttention>().has_mask) return {};
  const bool boolean = c.input(3).get_element_type() == element::boolean;
  const std::vector<double> mask = load<double>(c.input(3)), none(1);
  return broadcast_map<double>(full, c.shape(3), mask, Shape{}, none, {}, [&](double m, double) {
    return boolean ? (m != 0 ? 0.0 : -std::numeric_limits<double>::infinity()) : m;
  });
}

void evaluate(EvalContext& c) {
  const FusedAttention& a = c.attrs<FusedAttention>();
  const Heads q = load_heads(c, 0), k = load_heads(c, 1), v = load_heads(c, 2);
  if (k.heads == 0 || q.heads % k.heads != 0)
    c.fail("{} query heads are no multiple of {} key heads", q.heads, k.heads);
  AttentionShape s{q.batch * q.heads, q.sequence, k.sequence, q.depth, v.depth, a.scale, {}};
  const std::vector<double> mask = dense_mask(c, Shape{q.batch, q.heads, q.sequence, k.sequence});
  const size_t group = q.heads / k.heads;
  const std::vector<double> r = attend(
      s, q.data, k.data, v.data,
      [&](size_t b) { return (k.batch == 1 ? 0 : b / q.heads) * k.heads + b % q.heads / group; },
      [&](size_t b, size_t i, size_t j) {
        if (a.causal && j > i) return -std::numeric_limits<double>::infinity();
        return mask.empty() ? 0.0 : mask[(b * s.queries + i) * s.keys + j];
      });
  store(c.output(0),
        a.layout == HeadLayout::Bhsd ? r : swap_middle(r, q.batch, q.heads, q.sequence, v.depth));
}

}  // namespace

VIREO_DEFINE_OP(fused_attention_0){
    "vireo.Attention", 0, &kAttrType<FusedAttention>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
