// DistilBERT: BERT of half the layers, without a second text.
#include "frontends/transformers/encoders.h"

namespace vireo::transformers {

Encoder describe_distilbert(const Config& config, Task task) {
  Encoder model;
  model.body = encoder_sizes(config, "dim", "n_layers", "n_heads");
  model.body.epsilon = 1e-12;
  model.body.activation = read_activation(config, "activation");
  model.norm_after = true;
  Names& n = model.body.names;
  n.embedding = "distilbert.embeddings.word_embeddings";
  n.positions = "distilbert.embeddings.position_embeddings";
  n.embedding_norm = "distilbert.embeddings.LayerNorm";
  n.layer = "distilbert.transformer.layer.{}.";
  n.q = "attention.q_lin";
  n.k = "attention.k_lin";
  n.v = "attention.v_lin";
  n.o = "attention.out_lin";
  n.attention_norm = "sa_layer_norm";
  n.up = "ffn.lin1";
  n.down = "ffn.lin2";
  n.mlp_norm = "output_layer_norm";
  model.head.classifier = task == Task::QuestionAnswering ? "qa_outputs" : "classifier";
  if (task == Task::TextClassification) {
    model.head.dense = "pre_classifier";
    model.head.function = "Relu";
  }
  return model;
}

}  // namespace vireo::transformers
