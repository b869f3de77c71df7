#include <cmath>

#include "frontends/transformers/blocks.h"

namespace vireo::transformers {

Blocks::Heads Blocks::split_fused(const Value& fused) {
  const int64_t h = model.heads, kv = model.kv_heads, d = model.head_dim, group = h / kv;
  const auto apart = [&](const Value& x, int64_t heads) { return reshape(x, {0, 0, heads, d}); };
  if (model.qkv == QkvLayout::Concatenated) {
    const Values parts = split(fused, -1, {h * d, kv * d, kv * d});
    return {apart(parts[0], h), apart(parts[1], kv), apart(parts[2], kv)};
  }
  if (model.qkv == QkvLayout::PerHead) {
    const Values parts = split(reshape(fused, {0, 0, h, 3 * d}), -1, {d, d, d});
    return {parts[0], parts[1], parts[2]};
  }
  const Values parts = split(reshape(fused, {0, 0, kv, (group + 2) * d}), -1, {group * d, d, d});
  return {apart(parts[0], h), parts[1], parts[2]};
}

// Query, key and value as [batch, heads, length, head size], normalised where the model does so.
Blocks::Heads Blocks::projections(const Value& x, int64_t layer) {
  const Names& names = model.names;
  const int64_t h = model.heads, kv = model.kv_heads, d = model.head_dim;
  const auto name = [&](const std::string& part) { return in_layer(layer, part); };
  // Over the whole width before the heads come apart, or over each head: the weight's size says.
  const auto wide_norm = [&](const Value& v, const std::string& part, int64_t width) {
    if (part.empty()) return v;
    const auto weight = weights.find(name(part) + ".weight");
    const bool wide =
        weight && shape_size(weight->shape) == static_cast<size_t>(width) && width != d;
    return wide ? rms_norm(v, name(part), width) : v;
  };
  const auto head_norm = [&](const Value& v, const std::string& part, int64_t width) {
    if (part.empty()) return v;
    const auto weight = weights.find(name(part) + ".weight");
    const bool wide =
        weight && shape_size(weight->shape) == static_cast<size_t>(width) && width != d;
    return wide ? v : rms_norm(v, name(part), d);
  };
  Heads heads;
  if (model.qkv == QkvLayout::Separate) {
    const auto one = [&](const std::string& part, const std::string& norm, int64_t count) {
      const Value flat = linear(x, name(part), count * d);
      return reshape(wide_norm(flat, norm, count * d), {0, 0, count, d});
    };
    heads = {one(names.q, names.q_norm, h), one(names.k, names.k_norm, kv), one(names.v, "", kv)};
  } else {
    heads = split_fused(linear(x, name(names.qkv), (h + 2 * kv) * d));
  }
  const auto in_front = [](const Value& v) { return transpose(v, {0, 2, 1, 3}); };
  return {in_front(head_norm(heads.q, names.q_norm, h * d)),
          in_front(head_norm(heads.k, names.k_norm, kv * d)), in_front(heads.v)};
}

// x * cos + (-second half, first half) * sin, over the first `size` elements of each head.
Value Blocks::rotated(const Value& x, const std::pair<Value, Value>& cos_sin, int64_t size) {
  const bool partial = size < model.head_dim;
  const Value turned = partial ? slice(x, 3, 0, size) : x;
  const Value first = slice(turned, 3, 0, size / 2), second = slice(turned, 3, size / 2, size);
  const Value across = concat({second * -1.0, first}, -1);
  const Value result = turned * cos_sin.first + across * cos_sin.second;
  return partial ? concat({result, slice(x, 3, size, model.head_dim)}, -1) : result;
}

// All keys or values so far: the variable, its rows in the order of the beams, then the new ones.
Value Blocks::with_past(const Value& now, int64_t layer, const char* which) {
  Graph& graph = words.graph();
  const std::string number = std::to_string(layer), part = std::string(".") + which;
  const std::string id = "past_key_values." + number + part + "present." + number + part;
  const PartialShape shape{Dimension(), Dimension(model.kv_heads), Dimension(),
                           Dimension(model.head_dim)};
  const Value empty =
      concat({dims(input_ids, {0}), words.ints({model.kv_heads, 0, model.head_dim})}, 0);
  const Value first = words.add("Broadcast", 3, {words.number(0), empty}, {{"mode", "numpy"}})[0];
  const Value past = words.add(
      "ReadValue", 6, {first},
      {{"variable_id", id}, {"variable_type", element::f32}, {"variable_shape", shape}})[0];
  const Value all = concat({gather(past, beam_idx, 0), now}, 2);
  graph.sinks.push_back(words.add("Assign", 6, {all}, {{"variable_id", id}})[0].ref.node);
  graph.variables.push_back({id, element::f32, shape});
  return all;
}

// Each key or value head once for every query head that shares it.
Value Blocks::repeated(const Value& kv) {
  const int64_t group = model.heads / model.kv_heads;
  if (group == 1) return kv;
  const Value shape = concat({dims(kv, {0, 1}), words.ints({group}), dims(kv, {2, 3})}, 0);
  const Value copies = broadcast(unsqueeze(kv, {2}), shape);
  return reshape(copies, {0, model.heads, -1, model.head_dim});
}

// Gemma 2 squeezes the scores: cap * tanh(score / cap).
Value Blocks::softcapped_attention(const Heads& heads, const Value& mask, double scale) {
  const double cap = model.attention_softcap;
  const Value scores = matmul(heads.q, heads.k, true) * (scale / cap);
  const Value capped = unary("Tanh", scores) * cap;
  return matmul(softmax(capped + mask, -1), heads.v, false);
}

Value Blocks::attention(const Value& x, int64_t layer) {
  const auto at = static_cast<size_t>(layer);
  Heads heads = projections(x, layer);
  const int rope = model.ropes.empty() ? -1 : model.layer_rope.empty() ? 0 : model.layer_rope[at];
  if (rope >= 0) {
    const Rope& used = model.ropes[static_cast<size_t>(rope)];
    const auto cos_sin = rotation(used);
    const auto size = static_cast<int64_t>(2 * used.inverse_frequencies.size());
    heads.q = rotated(heads.q, cos_sin, size);
    heads.k = rotated(heads.k, cos_sin, size);
  }
  if (model.cached) {
    heads.k = with_past(heads.k, layer, "key");
    heads.v = with_past(heads.v, layer, "value");
  }
  heads.k = repeated(heads.k);
  heads.v = repeated(heads.v);
  const Value added = mask(model.windows.empty() ? 0 : model.windows[at]);
  const double usual = 1 / std::sqrt(static_cast<double>(model.head_dim));
  const double scale = model.attention_scale != 0 ? model.attention_scale : usual;
  Value result;
  if (model.attention_softcap != 0) {
    result = softcapped_attention(heads, added, scale);
  } else {
    Values inputs{heads.q, heads.k, heads.v, added};
    if (scale != usual) inputs.push_back(words.number(scale));
    result = words.add("ScaledDotProductAttention", 13, inputs, {{"causal", false}})[0];
  }
  result = reshape(transpose(result, {0, 2, 1, 3}), {0, 0, model.heads * model.head_dim});
  return linear(result, in_layer(layer, model.names.o), model.hidden);
}

}  // namespace vireo::transformers
