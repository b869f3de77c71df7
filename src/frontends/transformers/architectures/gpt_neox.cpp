// GPT-NeoX (Pythia): attention and feed-forward side by side, a part of each head rotated.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_gpt_neox(const Config& config) {
  Decoder model = common_sizes(config);
  model.norm = NormKind::Layer;
  model.epsilon = config.number("layer_norm_eps", 1e-5);
  model.activation = read_activation(config, "hidden_act");
  model.parallel = config.flag("use_parallel_residual", true);
  model.qkv = QkvLayout::PerHead;
  Names& n = model.names;
  n.embedding = "gpt_neox.embed_in";
  n.final_norm = "gpt_neox.final_layer_norm";
  n.head = "embed_out";
  n.layer = "gpt_neox.layers.{}.";
  n.attention_norm = "input_layernorm";
  n.mlp_norm = "post_attention_layernorm";
  n.qkv = "attention.query_key_value";
  n.o = "attention.dense";
  n.up = "mlp.dense_h_to_4h";
  n.down = "mlp.dense_4h_to_h";
  add_rope(model, config, config.number("rotary_pct", 0.25));
  return model;
}

}  // namespace vireo::transformers
