// Falcon: one key head for all queries (7b), groups of them (40b), or ALiBi (rw).
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_falcon(const Config& config) {
  Decoder model = common_sizes(config);
  const bool grouped = config.flag("new_decoder_architecture", false);
  const bool multi_query = config.flag("multi_query", true);
  model.kv_heads = grouped       ? config.count("num_kv_heads", model.heads)
                   : multi_query ? 1
                                 : model.heads;
  model.norm = NormKind::Layer;
  model.epsilon = config.number("layer_norm_epsilon", 1e-5);
  model.activation =
      config.has("activation") ? read_activation(config, "activation") : Activation::GeluErf;
  model.alibi = model.alibi_scaled = config.flag("alibi", false);
  model.parallel = grouped || config.flag("parallel_attn", true);
  model.qkv = grouped       ? QkvLayout::Grouped
              : multi_query ? QkvLayout::Concatenated
                            : QkvLayout::PerHead;
  Names& n = model.names;
  n.embedding = "transformer.word_embeddings";
  n.final_norm = "transformer.ln_f";
  n.head = "lm_head";
  n.layer = "transformer.h.{}.";
  n.attention_norm =
      grouped && config.integer("num_ln_in_parallel_attn", 2) == 2 ? "ln_attn" : "input_layernorm";
  n.mlp_norm = n.attention_norm == "ln_attn" ? "ln_mlp"
               : model.parallel              ? ""
                                             : "post_attention_layernorm";
  n.qkv = "self_attention.query_key_value";
  n.o = "self_attention.dense";
  n.up = "mlp.dense_h_to_4h";
  n.down = "mlp.dense_4h_to_h";
  if (!model.alibi) add_rope(model, config);
  return model;
}

}  // namespace vireo::transformers
