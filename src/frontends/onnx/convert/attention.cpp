// Attention of ai.onnx and its rotary embeddings.
#include "frontends/onnx/convert/attention.h"

#include <cmath>

#include "core/values.h"
#include "frontends/onnx/reader/tensor.h"

namespace vireo::onnx {

Value split_heads(const Value& x, int64_t heads) {
  return transpose(reshape(x, {0, 0, heads, -1}, true), {0, 2, 1, 3});
}

Value merge_heads(const Value& x) { return reshape(transpose(x, {0, 2, 1, 3}), {0, 0, -1}, true); }

Value repeat_heads(const Value& x, int64_t times) {
  if (times == 1) return x;
  Builder& b = *x.builder;
  const Value wide = b.add("Broadcast", 3, {unsqueeze(x, {2}), b.ints({1, 1, times, 1, 1})},
                           {{"mode", "bidirectional"}});
  const Dimension heads = x.dim(1);
  const Value count =
      heads.is_static() ? b.ints({heads.get_length() * times}) : dim_of(x, 1) * b.ints({times});
  return reshape(wide, concat({b.ints({0}), count, dims_of(x, 2, 4)}, 0), true);
}

Value causal_mask(const Value& q, const Value& k, const Value& offset) {
  Builder& b = *q.builder;
  const Value zero = b.integer(0), one = b.integer(1);
  const Value rows = unsqueeze(range(zero, as_scalar(dim_of(q, 2)), one, element::i64), {1});
  const Value columns = unsqueeze(range(zero, as_scalar(dim_of(k, 2)), one, element::i64), {0});
  return binary("LessEqual", columns, offset ? rows + offset : rows);
}

Value joined_mask(const Value& a, const Value& b, element::Type type) {
  if (!a) return b;
  if (!b) return a;
  if (a.type() == element::boolean && b.type() == element::boolean)
    return binary("LogicalAnd", a, b);
  const auto additive = [&](const Value& m) {
    if (m.type() != element::boolean) return m;
    return select(m, m.builder->number(type, 0), m.builder->number(type, -INFINITY));
  };
  return additive(a) + additive(b);
}

Value attend(const Value& q, const Value& k, const Value& v, const Value& mask,
             std::optional<double> scale, bool causal) {
  Builder& b = *q.builder;
  Values in{q, k, v};
  const Dimension width = q.dim(3);
  const bool usual =
      !scale || (width.is_static() &&
                 std::abs(*scale - 1 / std::sqrt(double(width.get_length()))) < 1e-7 * *scale);
  if (mask)
    in.push_back(mask);
  else if (!usual)
    in.push_back(b.like(q, 0));
  if (!usual) in.push_back(b.like(q, *scale));
  return b.add("ScaledDotProductAttention", 13, in, {{"causal", causal}});
}

Value rotate(const Value& x, const Value& cos, const Value& sin, bool interleaved, int64_t width) {
  Builder& b = *x.builder;
  const Dimension all = x.dim(3);
  Value turned = x, rest;
  if (width > 0 && !(all.is_static() && all.get_length() == width)) {
    turned = slice(x, 3, 0, width);
    rest = slice(x, 3, width, INT64_MAX);
  }
  const Value c = unsqueeze(convert_like(cos, x), {1}), s = unsqueeze(convert_like(sin, x), {1});
  Value out;
  if (interleaved) {
    const Value even = slice(turned, 3, 0, INT64_MAX, 2), odd = slice(turned, 3, 1, INT64_MAX, 2);
    const Value pairs =
        concat({unsqueeze(even * c - odd * s, {4}), unsqueeze(even * s + odd * c, {4})}, 4);
    out = reshape(pairs, {0, 0, 0, -1}, true);
  } else {
    const Values halves = b.add_all("Split", 1, {turned, b.integer(3)}, {{"num_splits", 2}});
    out = concat({halves[0] * c - halves[1] * s, halves[0] * s + halves[1] * c}, 3);
  }
  return rest ? concat({out, rest}, 3) : out;
}

namespace {

struct Frontier {
  Value mask;           // boolean or additive, or nothing
  bool causal = false;  // from the top left corner, besides the mask
};

Frontier frontier(Node& n, const Value& q, const Value& k, const Value& past) {
  Frontier f;
  const bool causal = n.integer("is_causal", 0) != 0;
  const int64_t left = n.integer("left_window_size", -1),
                right = n.integer("right_window_size", -1);
  const Value lengths = n.has(6) ? reshape(convert(n.in(6), element::i64), {-1, 1, 1, 1}) : Value();
  Value offset;
  if (past)
    offset = dim_of(past, 2);
  else if (lengths)
    offset = lengths - dim_of(q, 2);
  f.mask = n.in_or(3, {});
  if (f.mask && f.mask.dim(-1) != k.dim(2)) {  // a mask shorter than the keys hides the rest
    const Value missing = dim_of(k, 2) - dim_of(f.mask, -1);
    const Value zeros = n.b.ints(std::vector<int64_t>(size_t(f.mask.rank()), 0));
    const Value end =
        concat({n.b.ints(std::vector<int64_t>(size_t(f.mask.rank() - 1), 0)), missing}, 0);
    const bool flags = f.mask.type() == element::boolean;
    f.mask =
        n.b.add("Pad", 12,
                {f.mask, zeros, end,
                 flags ? n.b.number(element::boolean, 0) : n.b.number(f.mask.type(), -INFINITY)},
                {{"pad_mode", "constant"}});
  }
  if (causal && !offset && !f.mask && left < 0 && right < 0) {
    f.causal = true;
  } else if (causal) {
    f.mask = joined_mask(f.mask, causal_mask(q, k, offset), q.type());
  }
  const auto shifted = [&](int64_t by) {
    return offset ? offset + n.b.integer(by) : n.b.integer(by);
  };
  if (right >= 0) f.mask = joined_mask(f.mask, causal_mask(q, k, shifted(right)), q.type());
  if (left >= 0)
    f.mask =
        joined_mask(f.mask, unary("LogicalNot", causal_mask(q, k, shifted(-left - 1))), q.type());
  if (lengths) {
    const Value columns =
        range(n.b.integer(0), as_scalar(dim_of(k, 2)), n.b.integer(1), element::i64);
    f.mask = joined_mask(f.mask, binary("Less", columns, lengths), q.type());
  }
  return f;
}

// The products written out, for outputs and options that the operator lacks.
Values written_out(Node& n, const Value& q, const Value& k, const Value& v, const Frontier& f,
                   double scale) {
  const double root = std::sqrt(scale), cap = n.real("softcap", 0);
  Value scores = matmul(q * root, k * root, false, true);
  const Value raw = scores;
  if (cap > 0) scores = unary("Tanh", scores / cap) * cap;
  const Value capped = scores;
  Value mask = f.causal ? joined_mask(f.mask, causal_mask(q, k, {}), q.type()) : f.mask;
  if (mask && mask.type() == element::boolean)
    mask = select(mask, n.b.like(q, 0), n.b.like(q, -INFINITY));
  const Value biased = mask ? scores + mask : scores;
  Value wide = biased;
  if (const int64_t precision = n.integer("softmax_precision", 0))
    wide = convert(wide, element_type(precision, "softmax_precision"));
  Value shares = convert_like(softmax(wide, 3), q);
  if (mask) {  // a row that may see nothing gives zeros
    const Value best = reduce("ReduceMax", mask, {mask.rank() - 1});
    shares = select(binary("Equal", best, n.b.like(q, -INFINITY)), n.b.like(q, 0), shares);
  }
  const int64_t mode = n.integer("qk_matmul_output_mode", 0);
  return {matmul(shares, v), mode == 0 ? raw : mode == 1 ? capped : mode == 2 ? biased : shares};
}

}  // namespace

Outputs attention(Node& n) {
  const bool flat = n.in(0).rank() == 3;
  Value q = n.in(0), k = n.in(1), v = n.in(2);
  if (flat) {
    q = split_heads(q, n.integer("q_num_heads"));
    k = split_heads(k, n.integer("kv_num_heads"));
    v = split_heads(v, n.integer("kv_num_heads"));
  }
  const Value past = n.in_or(4, {});
  if (past) k = concat({past, k}, 2);
  if (n.has(5)) v = concat({n.in(5), v}, 2);
  const Value present_k = k, present_v = v;
  const Dimension heads = q.dim(1), groups = k.dim(1);
  if (heads.is_static() && groups.is_static() && groups.get_length() > 0 && heads != groups) {
    k = repeat_heads(k, heads.get_length() / groups.get_length());
    v = repeat_heads(v, heads.get_length() / groups.get_length());
  }
  const Frontier f = frontier(n, q, k, past);
  std::optional<double> scale;
  if (n.has_attribute("scale")) scale = n.real("scale", 1);
  Values out;
  if (n.wants(3) || n.real("softcap", 0) != 0 || (f.mask && f.mask.type() == element::boolean)) {
    if (!scale && q.dim(3).is_dynamic())
      fail(ErrorCode::NotSupported, "heads of unknown width without a scale are not supported");
    out = written_out(n, q, k, v, f, scale ? *scale : 1 / std::sqrt(double(q.dim(3).get_length())));
  } else {
    out = {attend(q, k, v, f.mask, scale, f.causal), Value()};
  }
  return {flat ? merge_heads(out[0]) : out[0], present_k, present_v, out[1]};
}

Outputs rotary_embedding(Node& n) {
  const bool flat = n.in(0).rank() == 3;
  const Value x = flat ? split_heads(n.in(0), n.integer("num_heads")) : n.in(0);
  Value cos = n.in(1), sin = n.in(2);
  if (n.has(3)) {
    cos = gather(cos, n.in(3), 0);
    sin = gather(sin, n.in(3), 0);
  }
  const Value y =
      rotate(x, cos, sin, n.integer("interleaved", 0) != 0, n.integer("rotary_embedding_dim", 0));
  return flat ? merge_heads(y) : y;
}

}  // namespace vireo::onnx
