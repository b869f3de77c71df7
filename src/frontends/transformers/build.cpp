#include "frontends/transformers/build.h"

#include "base/support/error.h"
#include "frontends/transformers/blocks.h"

namespace vireo::transformers {
namespace {

Value embedded(Blocks& b) {
  const Decoder& m = b.model;
  const Value table = b.stored(m.names.embedding + ".weight", {m.vocabulary, m.hidden});
  Value x = convert(gather(table, b.input_ids, 0), element::f32) * m.embedding_scale;
  if (!m.names.positions.empty()) {
    const Value positions = b.stored(m.names.positions + ".weight", {-1, m.hidden});
    Value at = b.position_ids;
    if (m.position_offset) at = at + b.words.integer(m.position_offset);
    x = x + convert(gather(positions, at, 0), element::f32);
  }
  return m.names.embedding_norm.empty() ? x : b.norm(x, m.names.embedding_norm);
}

Value layer(Blocks& b, const Value& x, int64_t number) {
  const Decoder& m = b.model;
  const Names& names = m.names;
  const auto norm = [&](const Value& v, const std::string& name) {
    return name.empty() ? v : b.norm(v, b.in_layer(number, name));
  };
  const Value before = norm(x, names.attention_norm);
  const Value attended = norm(b.attention(before, number), names.attention_post_norm);
  if (m.parallel) {
    const Value other = names.mlp_norm.empty() ? before : norm(x, names.mlp_norm);
    return x + attended + b.feed_forward(other, number);
  }
  const Value middle = x + attended * m.residual_scale;
  const Value fed = b.feed_forward(norm(middle, names.mlp_norm), number);
  return middle + norm(fed, names.mlp_post_norm) * m.residual_scale;
}

Value logits(Blocks& b, const Value& x) {
  const Decoder& m = b.model;
  const bool own = !m.names.head.empty() && b.has(m.names.head + ".weight");
  const std::string& name = own ? m.names.head : m.names.embedding;
  Value result = matmul(x, b.weight(name + ".weight", {m.vocabulary, m.hidden}), true);
  if (own && b.has(name + ".bias")) result = result + b.weight(name + ".bias", {m.vocabulary});
  result = result * m.logits_scale;
  if (m.logits_softcap == 0) return result;
  return unary("Tanh", result * (1 / m.logits_softcap)) * m.logits_softcap;
}

}  // namespace

void check_sizes(const Decoder& m, const std::string& path) {
  if (m.heads % m.kv_heads != 0) {
    fail(ErrorCode::InvalidModel, "'{}': {} query heads cannot share {} key heads", path, m.heads,
         m.kv_heads);
  }
  constexpr int64_t kMaxLayers = 10'000, kMaxExperts = 4096;
  if (m.layers > kMaxLayers || m.experts.count > kMaxExperts) {
    fail(ErrorCode::InvalidModel, "'{}': {} layers with {} experts, expected at most {} and {}",
         path, m.layers, m.experts.count, kMaxLayers, kMaxExperts);
  }
  for (const Rope& rope : m.ropes) {
    if (static_cast<int64_t>(2 * rope.inverse_frequencies.size()) > m.head_dim) {
      fail(ErrorCode::InvalidModel, "'{}': {} rotated elements in a head of {}", path,
           2 * rope.inverse_frequencies.size(), m.head_dim);
    }
  }
}

Value hidden_state(Blocks& b) {
  Value x = embedded(b);
  for (int64_t i = 0; i < b.model.layers; ++i) x = layer(b, x, i);
  return b.model.names.final_norm.empty() ? x : b.norm(x, b.model.names.final_norm);
}

std::shared_ptr<Graph> build(const Decoder& model, const WeightSource& weights) {
  check_sizes(model, weights.path());
  auto graph = std::make_shared<Graph>();
  graph->name = model.architecture;
  Blocks b(model, weights, *graph);
  const Dimension any;
  b.input_ids = b.words.parameter("input_ids", element::i64, {any, any});
  b.attention_mask = b.words.parameter("attention_mask", element::i64, {any, any});
  b.position_ids = b.words.parameter("position_ids", element::i64, {any, any});
  b.beam_idx = b.words.parameter("beam_idx", element::i32, {any});
  const Value result = logits(b, hidden_state(b));
  graph->arena->edit(result.ref.node).outputs[result.ref.index].names.push_back("logits");
  graph->add_result(result.ref, "logits");
  return graph;
}

}  // namespace vireo::transformers
