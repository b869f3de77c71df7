// BERT: norms after the blocks, learned positions, an embedding for each of two texts.
#include "base/support/error.h"
#include "frontends/transformers/encoders.h"

namespace vireo::transformers {

Encoder bert_like(const Config& config, const std::string& prefix) {
  if (config.text("position_embedding_type", "absolute") != "absolute") {
    fail(ErrorCode::NotSupported,
         "'{}': position_embedding_type '{}' is not supported, expected absolute", config.path(),
         config.text("position_embedding_type"));
  }
  Encoder model;
  model.body = encoder_sizes(config);
  model.body.epsilon = config.number("layer_norm_eps", 1e-12);
  model.body.activation = read_activation(config, "hidden_act");
  model.norm_after = true;
  model.token_types = prefix + "embeddings.token_type_embeddings";
  model.type_count = config.count("type_vocab_size", 2);
  Names& n = model.body.names;
  n.embedding = prefix + "embeddings.word_embeddings";
  n.positions = prefix + "embeddings.position_embeddings";
  n.embedding_norm = prefix + "embeddings.LayerNorm";
  n.layer = prefix + "encoder.layer.{}.";
  n.q = "attention.self.query";
  n.k = "attention.self.key";
  n.v = "attention.self.value";
  n.o = "attention.output.dense";
  n.attention_norm = "attention.output.LayerNorm";
  n.up = "intermediate.dense";
  n.down = "output.dense";
  n.mlp_norm = "output.LayerNorm";
  return model;
}

Encoder describe_bert(const Config& config, Task task) {
  Encoder model = bert_like(config, "bert.");
  if (task == Task::TextClassification) model.head.dense = "bert.pooler.dense";
  model.head.classifier = task == Task::QuestionAnswering ? "qa_outputs" : "classifier";
  return model;
}

}  // namespace vireo::transformers
