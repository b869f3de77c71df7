// BLOOM: ALiBi in place of positions, a norm on the embedding.
#include <algorithm>

#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_bloom(const Config& config) {
  Decoder model;
  model.hidden = config.count("hidden_size", config.integer("n_embed", 64));
  model.layers = config.count("n_layer");
  model.heads = model.kv_heads = config.count("n_head");
  model.head_dim = std::max<int64_t>(model.hidden / model.heads, 1);
  model.vocabulary = config.count("vocab_size");
  model.norm = NormKind::Layer;
  model.epsilon = config.number("layer_norm_epsilon", 1e-5);
  model.activation = Activation::GeluTanh;
  model.qkv = QkvLayout::PerHead;
  model.alibi = true;
  Names& n = model.names;
  n.embedding = "transformer.word_embeddings";
  n.embedding_norm = "transformer.word_embeddings_layernorm";
  n.final_norm = "transformer.ln_f";
  n.head = "lm_head";
  n.layer = "transformer.h.{}.";
  n.attention_norm = "input_layernorm";
  n.mlp_norm = "post_attention_layernorm";
  n.qkv = "self_attention.query_key_value";
  n.o = "self_attention.dense";
  n.up = "mlp.dense_h_to_4h";
  n.down = "mlp.dense_4h_to_h";
  return model;
}

}  // namespace vireo::transformers
