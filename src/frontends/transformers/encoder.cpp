#include "frontends/transformers/encoder.h"

#include "frontends/transformers/blocks.h"
#include "frontends/transformers/build.h"

namespace vireo::transformers {
namespace {

Value position_numbers(Blocks& b, const Encoder& model) {
  if (model.positions == Positions::Counted) return b.query_positions();
  const Value padding = b.words.integer(model.padding_id);
  const Value content = convert(binary("NotEqual", b.input_ids, padding), element::i64);
  const Value count = b.words.add("CumSum", 3, {content, b.words.integer(1)})[0];
  return count * content + padding;
}

Value embedded(Blocks& b, const Encoder& model) {
  const Decoder& m = b.model;
  const auto rows = [&](const std::string& name, int64_t count, const Value& at) {
    return convert(gather(b.stored(name + ".weight", {count, m.hidden}), at, 0), element::f32);
  };
  Value x = rows(m.names.embedding, m.vocabulary, b.input_ids);
  if (!model.token_types.empty()) {
    const Value types = model.type_count == 1 ? b.words.integer(0) : b.token_type_ids;
    x = x + rows(model.token_types, model.type_count, types);
  }
  if (model.positions != Positions::None) {
    x = x + rows(m.names.positions, -1, position_numbers(b, model));
  }
  return b.norm(x, m.names.embedding_norm);
}

Value layer(Blocks& b, const Encoder& model, const Value& x, int64_t number) {
  const Names& names = b.model.names;
  const auto norm = [&](const Value& v, const std::string& name) {
    return b.norm(v, b.in_layer(number, name));
  };
  if (model.norm_after) {
    const Value middle = norm(x + b.attention(x, number), names.attention_norm);
    return norm(middle + b.feed_forward(middle, number), names.mlp_norm);
  }
  const bool bare = model.bare_first && number == 0;
  const Value middle = x + b.attention(bare ? x : norm(x, names.attention_norm), number);
  return middle + b.feed_forward(norm(middle, names.mlp_norm), number);
}

// f32 [batch, hidden]
Value pooled(Blocks& b, const Head& head, const Value& x) {
  const Value tokens = b.words.ints({1});
  if (!head.mean) return gather(x, b.words.integer(0), 1);
  const Value mask = unsqueeze(convert(b.attention_mask, element::f32), {2});
  const auto sum = [&](const Value& v) {
    return b.words.add("ReduceSum", 1, {v, tokens}, {{"keep_dims", false}})[0];
  };
  return sum(x * mask) / sum(mask);
}

Value classified(Blocks& b, const Head& head, Value x) {
  if (!head.dense.empty()) x = unary(head.function, b.linear(x, head.dense, -1));
  if (!head.norm.empty()) x = b.norm(x, head.norm);
  return b.linear(x, head.classifier, -1);
}

void add_output(Graph& graph, const Value& value, const char* name) {
  graph.arena->edit(value.ref.node).outputs[value.ref.index].names.push_back(name);
  graph.add_result(value.ref, name);
}

void add_outputs(Blocks& b, const Head& head, Task task, const Value& x) {
  Graph& graph = b.words.graph();
  if (task == Task::FeatureExtraction) {
    add_output(graph, x, "last_hidden_state");
  } else if (task == Task::TextClassification) {
    add_output(graph, classified(b, head, pooled(b, head, x)), "logits");
  } else if (task == Task::TokenClassification) {
    add_output(graph, classified(b, head, x), "logits");
  } else {
    const Values ends = split(classified(b, head, x), 2, {1, 1});
    const auto flat = [&](const Value& v) {
      return b.words.add("Squeeze", 1, {v, b.words.ints({2})})[0];
    };
    add_output(graph, flat(ends[0]), "start_logits");
    add_output(graph, flat(ends[1]), "end_logits");
  }
}

void add_inputs(Blocks& b, bool token_types) {
  const PartialShape shape{Dimension(), Dimension()};
  b.input_ids = b.words.parameter("input_ids", element::i64, shape);
  b.attention_mask = b.words.parameter("attention_mask", element::i64, shape);
  if (token_types) b.token_type_ids = b.words.parameter("token_type_ids", element::i64, shape);
  // Nobody asks where a rotation begins: only how far two tokens are apart counts.
  if (!b.model.ropes.empty()) b.position_ids = unsqueeze(b.query_positions(), {0});
}

}  // namespace

std::shared_ptr<Graph> build_encoder(const Encoder& model, Task task, const WeightSource& weights) {
  check_sizes(model.body, weights.path());
  auto graph = std::make_shared<Graph>();
  graph->name = model.body.architecture;
  Blocks b(model.body, weights, *graph);
  add_inputs(b, model.type_count > 1);
  Value x = embedded(b, model);
  for (int64_t i = 0; i < model.body.layers; ++i) x = layer(b, model, x, i);
  if (!model.body.names.final_norm.empty()) x = b.norm(x, model.body.names.final_norm);
  add_outputs(b, model.head, task, x);
  return graph;
}

std::shared_ptr<Graph> build_embedder(const Decoder& model, const WeightSource& weights) {
  check_sizes(model, weights.path());
  Decoder cacheless = model;
  cacheless.cached = false;
  auto graph = std::make_shared<Graph>();
  graph->name = model.architecture;
  Blocks b(cacheless, weights, *graph);
  add_inputs(b, false);
  add_outputs(b, {}, Task::FeatureExtraction, hidden_state(b));
  return graph;
}

}  // namespace vireo::transformers
