// Gemma 2: norms before and after each block, squeezed scores and logits, every second layer sees a
// window.
#include <cmath>

#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_gemma(const Config& config);

Decoder describe_gemma2(const Config& config) {
  Decoder model = describe_gemma(config);
  model.names.attention_post_norm = "post_attention_layernorm";
  model.names.mlp_norm = "pre_feedforward_layernorm";
  model.names.mlp_post_norm = "post_feedforward_layernorm";
  model.attention_scale = 1 / std::sqrt(config.number("query_pre_attn_scalar"));
  model.attention_softcap =
      config.has("attn_logit_softcapping") ? config.number("attn_logit_softcapping") : 0;
  model.logits_softcap =
      config.has("final_logit_softcapping") ? config.number("final_logit_softcapping") : 0;
  add_windows(model, config, config.count("sliding_window"));
  if (!config.has("layer_types")) {
    for (size_t i = 1; i < model.windows.size(); i += 2) model.windows[i] = 0;
  }
  return model;
}

}  // namespace vireo::transformers
