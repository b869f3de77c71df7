// ScaledDotProductAttention: softmax(scale q k^T + mask) v over any leading axes.
#include "ops/attention/attention.h"

#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/broadcast.h"
#include "ops/attention/compute.h"

namespace vireo::ops {

void visit(AttrVisitor& v, ScaledDotProductAttention& a) { v.on("causal", a.causal); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(3, 6);
  c.expect_real(0);
  const element::Type type = c.common_type(0, 3);
  const PartialShape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  for (size_t i = 0; i < 3; ++i) c.expect_rank(i, 2, 64);
  if (!q.rank_is_static() || !k.rank_is_static() || !v.rank_is_static())
    return c.set_output(0, type, PartialShape::dynamic());
  const auto last = [](const PartialShape& s, size_t from_end) { return s[s.size() - from_end]; };
  if (!last(q, 1).compatible(last(k, 1)))
    c.fail("query {} and key {} differ in the last axis", q.to_string(), k.to_string());
  if (!last(k, 2).compatible(last(v, 2)))
    c.fail("key {} and value {} have different lengths", k.to_string(), v.to_string());
  PartialShape out(std::vector<Dimension>(q.begin(), q.end() - 2));
  for (const PartialShape* s : {&k, &v})
    if (!PartialShape::broadcast_merge_into(
            out, PartialShape(std::vector<Dimension>(s->begin(), s->end() - 2))))
      c.fail("leading axes of {} and {} do not broadcast", q.to_string(), s->to_string());
  if (c.inputs() > 3 && c.type(3).is_static() && c.type(3) != element::boolean &&
      type.is_static() && c.type(3) != type)
    c.fail("the mask must be boolean or {}, got {}", type.name(), c.type(3).name());
  PartialShape scores = out;
  scores.push_back(last(q, 2));
  scores.push_back(last(k, 2));
  const auto fits = [&](size_t i) {
    PartialShape merged = scores;
    return !c.shape(i).rank_is_static() ||
           (c.shape(i).size() <= scores.size() &&
            PartialShape::broadcast_merge_into(merged, c.shape(i)) && merged.compatible(scores));
  };
  const bool empty =
      c.inputs() > 3 && c.shape(3).is_static() && shape_size(c.shape(3).to_shape()) == 0;
  if (c.inputs() > 3 && !c.attrs<ScaledDotProductAttention>().causal && !empty && !fits(3))
    c.fail("a mask of {} does not broadcast to {}", c.shape(3).to_string(), scores.to_string());
  if (c.inputs() > 5 && !fits(5))
    c.fail("a sink of {} does not broadcast to {}", c.shape(5).to_string(), scores.to_string());
  out.push_back(last(q, 2));
  out.push_back(last(v, 1));
  c.set_output(0, type, out);
}

Shape leading(const Shape& s) { return Shape(std::vector<size_t>(s.begin(), s.end() - 2)); }

// For every batch entry of `full` the entry of a tensor with leading axes `part`.
std::vector<size_t> entries(const Shape& full, const Shape& part) {
  std::vector<size_t> r(shape_size(full));
  BroadcastLoop<1>(full, {aligned_shape(part, full.size(), {})})
      .run([&](size_t at, size_t count, const auto& from, const auto& step) {
        for (size_t i = 0; i < count; ++i) r[at + i] = from[0] + i * step[0];
      });
  return r;
}

std::vector<double> gathered(const std::vector<double>& x, const std::vector<size_t>& order,
                             size_t size) {
  std::vector<double> r(order.size() * size);
  for (size_t i = 0; i < order.size(); ++i)
    std::copy_n(x.data() + order[i] * size, size, r.data() + i * size);
  return r;
}

std::vector<double> dense_mask(EvalContext& c, Shape full, size_t queries, size_t keys) {
  const double hidden = -std::numeric_limits<double>::infinity();
  full.push_back(queries);
  full.push_back(keys);
  std::vector<double> mask;
  if (c.attrs<ScaledDotProductAttention>().causal) {
    mask.resize(shape_size(full));
    for (size_t i = 0; i < mask.size(); ++i) mask[i] = i % keys > i / keys % queries ? hidden : 0;
    return mask;
  }
  if (c.inputs() < 4 || c.input(3).get_size() == 0) return {};
  const bool boolean = c.input(3).get_element_type() == element::boolean;
  return broadcast_map<double>(
      full, c.shape(3), load<double>(c.input(3)), Shape{}, std::vector<double>(1), {},
      [&](double m, double) { return boolean ? (m != 0 ? 0.0 : hidden) : m; });
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2), full = leading(out.get_shape());
  AttentionShape s;
  s.batch = shape_size(full);
  s.queries = q[q.size() - 2], s.depth = q.back(), s.keys = k[k.size() - 2], s.width = v.back();
  s.scale = c.inputs() > 4 ? load<double>(c.input(4)).at(0) : 1 / std::sqrt(double(s.depth));
  if (c.inputs() > 5) {
    // One sink per head: its last two axes are ones.
    const Shape& sink = c.shape(5);
    s.sinks = gathered(load<double>(c.input(5)),
                       entries(full, sink.size() > 2 ? leading(sink) : Shape{}), 1);
  }
  const std::vector<double> mask = dense_mask(c, full, s.queries, s.keys);
  const std::vector<double> query =
      gathered(load<double>(c.input(0)), entries(full, leading(q)), s.queries * s.depth);
  const std::vector<double> key =
      gathered(load<double>(c.input(1)), entries(full, leading(k)), s.keys * s.depth);
  const std::vector<double> value =
      gathered(load<double>(c.input(2)), entries(full, leading(v)), s.keys * s.width);
  store(out, attend(
                 s, query, key, value, [](size_t b) { return b; },
                 [&](size_t b, size_t i, size_t j) {
                   return mask.empty() ? 0.0 : mask[(b * s.queries + i) * s.keys + j];
                 }));
}

}  // namespace

VIREO_DEFINE_OP(scaled_dot_product_attention_13){
    "ScaledDotProductAttention", 13, &kAttrType<ScaledDotProductAttention>, infer, evaluate,
    Tolerance::Accumulate};

}  // namespace vireo::ops
