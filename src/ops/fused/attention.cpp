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
  v.on("packed", a.packed);
}

namespace {

struct Axes {
  size_t heads, sequence;
};
Axes axes_of(const FusedAttention& a) {
  return a.layout == HeadLayout::Bhsd ? Axes{1, 2} : Axes{2, 1};
}

size_t mask_input(const FusedAttention& a) { return a.packed ? 1 : 3; }

// The shape of q, k or v.
PartialShape head_shape(const InferContext& c, size_t i) {
  if (!c.attrs<FusedAttention>().packed) return c.shape(i);
  const PartialShape& s = c.shape(0);
  return s.rank_is_static() ? PartialShape{s[0], s[1], s[3], s[4]} : PartialShape::dynamic(4);
}

// Extents that need not be equal: one may be 1.
void check_broadcast(const InferContext& c, size_t i, size_t j, size_t axis) {
  const PartialShape x = head_shape(c, i), y = head_shape(c, j);
  if (!x.rank_is_static() || !y.rank_is_static()) return;
  if (!x[axis].compatible(y[axis]) && x[axis] != Dimension(1) && y[axis] != Dimension(1))
    c.fail("inputs {} and {} of shapes {} and {} differ in axis {}", i, j, x.to_string(),
           y.to_string(), axis);
}

void infer(InferContext& c) {
  const FusedAttention& a = c.attrs<FusedAttention>();
  const size_t mask = mask_input(a);
  c.expect_inputs(mask + a.has_mask, mask + a.has_mask);
  for (size_t i = 0; i < mask; ++i) c.expect_rank(i, a.packed ? 5 : 4, a.packed ? 5 : 4);
  if (a.packed && (a.layout != HeadLayout::Bshd ||
                   (c.shape(0).rank_is_static() && !c.shape(0)[2].compatible(Dimension(3)))))
    c.fail("{} does not hold q, k and v", c.shape(0).to_string());
  const Axes axes = axes_of(a);
  const auto extent = [&c](size_t i, size_t axis) {
    const PartialShape s = head_shape(c, i);
    return s.rank_is_static() ? s[axis] : Dimension();
  };
  if (!extent(0, 3).compatible(extent(1, 3)))
    c.fail("inputs 0 and 1 of shapes {} and {} differ in axis 3", head_shape(c, 0).to_string(),
           head_shape(c, 1).to_string());
  check_broadcast(c, 1, 2, axes.sequence);
  check_broadcast(c, 1, 2, axes.heads);
  PartialShape batch{extent(0, 0)};
  for (size_t i = 1; i < 3; ++i)
    if (!PartialShape::broadcast_merge_into(batch, PartialShape{extent(i, 0)}))
      c.fail("batches {} and {} differ", batch[0].to_string(), extent(i, 0).to_string());
  Dimension keys = extent(1, axes.sequence);
  if (keys == Dimension(1)) keys = extent(2, axes.sequence);
  PartialShape scores{batch[0], extent(0, axes.heads), extent(0, axes.sequence), keys};
  const PartialShape full = scores;
  if (a.has_mask) {
    c.expect_rank(mask, 0, 4);
    const bool known = c.shape(mask).rank_is_static();
    if (known && !PartialShape::broadcast_merge_into(scores, c.shape(mask)))
      c.fail("a mask of {} does not broadcast with {}", c.shape(mask).to_string(),
             full.to_string());
    if (!known) scores = PartialShape::dynamic(4);
  }
  PartialShape out = PartialShape::dynamic(4);
  out[0] = scores[0], out[axes.heads] = scores[1], out[axes.sequence] = scores[2];
  out[3] = extent(2, 3);
  c.set_output(0, c.type(0), out);
}

struct Heads {
  size_t batch, heads, sequence, depth;
  std::vector<double> data;
  bool heads_first;

  const double* row(size_t b, size_t h, size_t s) const {
    const size_t at = heads_first ? (b * heads + h) * sequence + s : (b * sequence + s) * heads + h;
    return data.data() + at * depth;
  }
};

Heads unpacked_heads(EvalContext& c, size_t i) {
  const Shape& s = c.shape(0);
  const size_t row = s[3] * s[4], rows = s[0] * s[1];
  const std::vector<double> all = load<double>(c.input(0));
  Heads part{s[0], s[3], s[1], s[4], {}, false};
  for (size_t r = 0; r < rows; ++r) {
    const double* from = all.data() + (r * 3 + i) * row;
    part.data.insert(part.data.end(), from, from + row);
  }
  return part;
}

Heads load_heads(EvalContext& c, size_t i) {
  if (c.attrs<FusedAttention>().packed) return unpacked_heads(c, i);
  const Shape& s = c.shape(i);
  const Axes axes = axes_of(c.attrs<FusedAttention>());
  return {s[0], s[axes.heads], s[axes.sequence], s[3], load<double>(c.input(i)), axes.heads == 1};
}

// [batch, heads, sequence, depth]: extents of 1 are repeated, heads stand for groups of heads.
std::vector<double> expanded(EvalContext& c, const Heads& x, size_t batch, size_t heads,
                             size_t sequence) {
  if (x.heads == 0 || heads % x.heads != 0)
    c.fail("{} query heads are no multiple of {} key heads", heads, x.heads);
  std::vector<double> r;
  r.reserve(batch * heads * sequence * x.depth);
  for (size_t b = 0; b < batch; ++b)
    for (size_t h = 0; h < heads; ++h)
      for (size_t s = 0; s < sequence; ++s) {
        const double* row =
            x.row(x.batch == 1 ? 0 : b, h / (heads / x.heads), x.sequence == 1 ? 0 : s);
        r.insert(r.end(), row, row + x.depth);
      }
  return r;
}

// What is added to each score, [B, H, S, T], or nothing.
std::vector<double> dense_mask(EvalContext& c, const Shape& full) {
  if (!c.attrs<FusedAttention>().has_mask) return {};
  const size_t input = mask_input(c.attrs<FusedAttention>());
  const bool boolean = c.input(input).get_element_type() == element::boolean;
  const std::vector<double> mask = load<double>(c.input(input)), none(1);
  return broadcast_map<double>(
      full, c.shape(input), mask, Shape{}, none, {}, [&](double m, double) {
        return boolean ? (m != 0 ? 0.0 : -std::numeric_limits<double>::infinity()) : m;
      });
}

void evaluate(EvalContext& c) {
  const FusedAttention& a = c.attrs<FusedAttention>();
  const Axes axes = axes_of(a);
  const Heads q = load_heads(c, 0), k = load_heads(c, 1), v = load_heads(c, 2);
  Tensor& out = c.output(0);
  const size_t batch = out.get_shape()[0], heads = out.get_shape()[axes.heads],
               queries = out.get_shape()[axes.sequence];
  size_t keys = k.sequence == 1 ? v.sequence : k.sequence;
  const size_t rest = mask_input(a);
  if (a.has_mask && keys == 1 && c.shape(rest).size() > 0) keys = c.shape(rest).back();
  const AttentionShape s{batch * heads, queries, keys, q.depth, v.depth, a.scale, {}};
  const std::vector<double> mask = dense_mask(c, Shape{batch, heads, queries, keys});
  const Heads result{
      batch,
      heads,
      queries,
      v.depth,
      attend(
          s, expanded(c, q, batch, heads, queries), expanded(c, k, batch, heads, keys),
          expanded(c, v, batch, heads, keys), [](size_t b) { return b; },
          [&](size_t b, size_t i, size_t j) {
            if (a.causal && j > i) return -std::numeric_limits<double>::infinity();
            return mask.empty() ? 0.0 : mask[(b * queries + i) * keys + j];
          }),
      true};
  if (axes.heads == 1) return store(out, result.data);
  std::vector<double> moved;
  moved.reserve(result.data.size());
  for (size_t b = 0; b < batch; ++b)
    for (size_t i = 0; i < queries; ++i)
      for (size_t h = 0; h < heads; ++h)
        moved.insert(moved.end(), result.row(b, h, i), result.row(b, h, i) + v.depth);
  store(out, moved);
}

}  // namespace

VIREO_DEFINE_OP(fused_attention_0){
    "vireo.Attention", 0, &kAttrType<FusedAttention>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
