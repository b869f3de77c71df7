// OLMo 2: norms stand after the blocks only, query and key are normalised over their whole width.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_llama(const Config& config);

Decoder describe_olmo2(const Config& config) {
  Decoder model = describe_llama(config);
  model.names.attention_norm.clear();
  model.names.mlp_norm.clear();
  model.names.attention_post_norm = "post_attention_layernorm";
  model.names.mlp_post_norm = "post_feedforward_layernorm";
  model.names.q_norm = "self_attn.q_norm";
  model.names.k_norm = "self_attn.k_norm";
  return model;
}

}  // namespace vireo::transformers
