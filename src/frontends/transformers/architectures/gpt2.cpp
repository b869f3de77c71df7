// GPT-2: learned positions, fused projections, weights stored as [in, out].
#include <algorithm>
#include "base/support/error.h"

#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_gpt2(const Config& config) {
  if (config.flag("scale_attn_by_inverse_layer_idx", false) ||
      !config.flag("scale_attn_weights", true)) {
    fail(ErrorCode::NotSupported,
         "'{}': scores scaled by the layer, or not at all, are not supported", config.path());
  }
  Decoder model;
  model.hidden = config.count("n_embd");
  model.layers = config.count("n_layer");
  model.heads = model.kv_heads = config.count("n_head");
  model.head_dim = std::max<int64_t>(model.hidden / model.heads, 1);
  model.vocabulary = config.count("vocab_size");
  model.norm = NormKind::Layer;
  model.epsilon = config.number("layer_norm_epsilon", 1e-5);
  model.activation = read_activation(config, "activation_function");
  model.input_major = true;
  model.qkv = QkvLayout::Concatenated;
  Names& n = model.names;
  n.embedding = "transformer.wte";
  n.positions = "transformer.wpe";
  n.final_norm = "transformer.ln_f";
  n.head = "lm_head";
  n.layer = "transformer.h.{}.";
  n.attention_norm = "ln_1";
  n.mlp_norm = "ln_2";
  n.qkv = "attn.c_attn";
  n.o = "attn.c_proj";
  n.up = "mlp.c_fc";
  n.down = "mlp.c_proj";
  return model;
}

}  // namespace vireo::transformers
