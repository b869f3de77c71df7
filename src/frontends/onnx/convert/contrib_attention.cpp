// Attention of com.microsoft: packed inputs, padding masks, caches.
#include <cmath>

#include "core/values.h"
#include "frontends/onnx/convert/attention.h"
#include "frontends/onnx/convert/quantize.h"

namespace vireo::onnx {
namespace {

std::optional<double> scale_of(Node& n) {
  const double scale = n.real("scale", 0);
  if (scale == 0) return std::nullopt;
  return scale;
}

// Masks come as lengths [B], flags per key [B, T], or flags per query and key [B, S, T] and [B, 1,
// S, T].
Value padding_mask(Node& n, const Value& mask, const Value& k) {
  const Value flags = convert(mask, element::i32);
  if (mask.rank() == 1) {
    const Value columns =
        range(n.b.number(element::i32, 0), convert(as_scalar(dim_of(k, 2)), element::i32),
              n.b.number(element::i32, 1), element::i32);
    return binary("Less", columns, reshape(flags, {-1, 1, 1, 1}));
  }
  const Value seen = binary("NotEqual", flags, n.b.number(element::i32, 0));
  if (mask.rank() == 2) return unsqueeze(seen, {1, 2});
  return mask.rank() == 3 ? unsqueeze(seen, {1}) : seen;
}

}  // namespace

namespace {

// Attention from q, k and v side by side.
Outputs packed_attention(Node& n, const Value& packed, const Value& mask_index, const Value& past,
                         const Value& bias) {
  const int64_t heads = n.integer("num_heads");
  if (heads < 1) fail(ErrorCode::InvalidModel, "num_heads is {}", heads);
  if (n.integer("do_rotary", 0)) fail(ErrorCode::NotSupported, "do_rotary is not supported");
  const std::vector<int64_t> sizes = n.ints("qkv_hidden_sizes", {});
  const Values parts = sizes.size() == 3 ? split(packed, 2, sizes) : split(packed, 2, 3);
  const Value q = split_heads(parts[0], heads);
  Value k = split_heads(parts[1], heads), v = split_heads(parts[2], heads);
  Value offset;
  if (past) {
    offset = dim_of(past, 3);
    k = concat({gather(past, 0, 0), k}, 2);
    v = concat({gather(past, 1, 0), v}, 2);
  }
  Value mask = mask_index ? padding_mask(n, mask_index, k) : Value();
  if (n.integer("unidirectional", 0)) mask = joined_mask(mask, causal_mask(q, k, offset), q.type());
  if (bias) mask = joined_mask(mask, bias, q.type());
  const Value y = merge_heads(attend(q, k, v, mask, scale_of(n), false));
  if (!n.wants(1)) return y;
  return {y, concat({unsqueeze(k, {0}), unsqueeze(v, {0})}, 0)};
}

}  // namespace

// Inputs: input, weights, bias, mask_index, past, attention_bias.
Outputs ms_attention(Node& n) {
  Value packed = matmul(n.in(0), n.in(1));
  if (n.has(2)) packed = packed + n.in(2);
  return packed_attention(n, packed, n.in_or(3, {}), n.in_or(4, {}), n.in_or(5, {}));
}

// Inputs: input, weights, bias, their scales, mask_index, their zero points, past.
Outputs ms_qattention(Node& n) {
  const Value x = dequantize(n.in(0), n.in(3), n.in_or(6, {})),
              w = dequantize(n.in(1), n.in(4), n.in_or(7, {}), -1);
  return packed_attention(n, matmul(x, w) + n.in(2), n.in_or(5, {}), n.in_or(8, {}), {});
}

// Inputs: query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value.
Outputs ms_multi_head_attention(Node& n) {
  const int64_t heads = n.integer("num_heads");
  Value query = n.in(0), q, k, v;
  const auto lane = [&](const Value& x, int64_t i) {
    return transpose(gather(x, i, 3), {0, 2, 1, 3});
  };
  Values bias;
  if (n.has(3)) {
    const Dimension width = query.dim(2);
    if (query.rank() != 3 || width.is_dynamic())
      fail(ErrorCode::NotSupported, "a bias for packed inputs is not supported");
    const int64_t hidden = width.get_length();
    bias = split(n.in(3), 0, {hidden, hidden, -1});
  }
  const auto with_bias = [&](const Value& x, size_t i) { return bias.empty() ? x : x + bias[i]; };
  if (query.rank() == 5) {
    q = lane(query, 0);
    k = lane(query, 1);
    v = lane(query, 2);
  } else {
    q = split_heads(with_bias(query, 0), heads);
    if (n.in(1).rank() == 5) {
      k = lane(n.in(1), 0);
      v = lane(n.in(1), 1);
    } else if (n.in(1).rank() == 4) {
      k = n.in(1);
      v = n.in(2);
    } else {
      k = split_heads(with_bias(n.in(1), 1), heads);
      v = split_heads(with_bias(n.in(2), 2), heads);
    }
  }
  Value offset;
  if (n.has(6)) {
    offset = dim_of(n.in(6), 2);
    k = concat({n.in(6), k}, 2);
    v = concat({n.in(7), v}, 2);
  }
  Value mask = n.has(4) ? padding_mask(n, n.in(4), k) : Value();
  if (n.integer("unidirectional", 0)) mask = joined_mask(mask, causal_mask(q, k, offset), q.type());
  if (n.has(5)) mask = joined_mask(mask, n.in(5), q.type());
  return {merge_heads(attend(q, k, v, mask, scale_of(n), false)), k, v};
}

namespace {

// Positions of the queries: behind what the cache holds, for each entry of the batch.
Value query_positions(Node& n, const Value& q) {
  const Value steps = range(n.b.integer(0), as_scalar(dim_of(q, 2)), n.b.integer(1), element::i64);
  const Value total = reshape(convert(n.in(5), element::i64), {-1, 1}) + n.b.integer(1);
  return total - dim_of(q, 2) + unsqueeze(steps, {0});
}

}  // namespace

// Inputs: query, key, value, past_key, past_value, seqlens_k, total_sequence_length, cos_cache,
// sin_cache, position_ids, attention_bias. The cache holds exactly what came before.
Outputs ms_group_query_attention(Node& n) {
  const int64_t heads = n.integer("num_heads"), groups = n.integer("kv_num_heads");
  if (heads < 1 || groups < 1 || heads % groups)
    fail(ErrorCode::InvalidModel, "{} heads do not divide into {} groups", heads, groups);
  if (n.real("softcap", 0) != 0 || n.integer("smooth_softmax", 0) > 0 || n.has(11))
    fail(ErrorCode::NotSupported, "softcap, smooth_softmax and head_sink are not supported");
  Value q, k, v;
  if (n.has(1)) {
    q = split_heads(n.in(0), heads);
    k = split_heads(n.in(1), groups);
    v = split_heads(n.in(2), groups);
  } else {
    const Values parts =
        split(split_heads(n.in(0), heads + 2 * groups), 1, {heads, groups, groups});
    q = parts[0];
    k = parts[1];
    v = parts[2];
  }
  if (n.integer("do_rotary", 0)) {
    const Value at = n.has(9) ? n.in(9) : query_positions(n, q);
    const Value cos = gather(n.in(7), at, 0), sin = gather(n.in(8), at, 0);
    const bool interleaved = n.integer("rotary_interleaved", 0) != 0;
    const Dimension half = n.in(7).dim(1);
    const int64_t width = half.is_static() ? 2 * half.get_length() : 0;
    q = rotate(q, cos, sin, interleaved, width);
    k = rotate(k, cos, sin, interleaved, width);
  }
  Value offset;
  if (n.has(3)) {
    offset = dim_of(n.in(3), 2);
    k = concat({n.in(3), k}, 2);
    v = concat({n.in(4), v}, 2);
  }
  Value mask = causal_mask(q, k, offset);
  if (const int64_t window = n.integer("local_window_size", -1); window > 0) {
    const Value back = offset ? offset - n.b.integer(window) : n.b.integer(-window);
    mask = joined_mask(mask, unary("LogicalNot", causal_mask(q, k, back)), q.type());
  }
  if (n.has(10)) mask = joined_mask(mask, n.in(10), q.type());
  const Value y = attend(q, repeat_heads(k, heads / groups), repeat_heads(v, heads / groups), mask,
                         scale_of(n), false);
  return {merge_heads(y), k, v};
}

// Inputs: x, position_ids ([1]: that of the first, or [B, S]), cos_cache, sin_cache.
Outputs ms_rotary_embedding(Node& n) {
  const Value x = n.in(0), cos = n.in(2), sin = n.in(3);
  const bool flat = x.rank() == 3;
  int64_t heads = n.integer("num_heads", 0);
  const Dimension half = cos.dim(1);
  const int64_t width = n.integer("rotary_embedding_dim", 0);
  if (flat && heads == 0) {
    if (half.is_dynamic() || x.dim(2).is_dynamic())
      fail(ErrorCode::NotSupported, "num_heads is missing");
    heads = x.dim(2).get_length() / (2 * half.get_length());
  }
  const Value q = flat ? split_heads(x, heads) : x;
  Value at = convert(n.in(1), element::i64);
  if (at.rank() == 1)
    at = unsqueeze(
        range(n.b.integer(0), as_scalar(dim_of(q, 2)), n.b.integer(1), element::i64) + at, {0});
  const Value y =
      rotate(q, gather(cos, at, 0), gather(sin, at, 0), n.integer("interleaved", 0) != 0, width);
  const double scale = n.real("scale", 1);
  const Value scaled = scale == 1 ? y : y * scale;
  return flat ? merge_heads(scaled) : scaled;
}

}  // namespace vireo::onnx
