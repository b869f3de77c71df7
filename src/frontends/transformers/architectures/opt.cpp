// OPT: learned positions that start at the third row, ReLU.
#include "base/support/error.h"
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_opt(const Config& config) {
  Decoder model = common_sizes(config);
  if (!config.flag("do_layer_norm_before", true) ||
      config.count("word_embed_proj_dim", model.hidden) != model.hidden) {
    fail(ErrorCode::NotSupported,
         "'{}': norms after the blocks and projected embeddings (opt-350m) are not supported",
         config.path());
  }
  model.norm = NormKind::Layer;
  model.epsilon = 1e-5;
  model.activation = read_activation(config, "activation_function");
  model.position_offset = 2;
  model.names = llama_names();
  Names& n = model.names;
  n.embedding = "model.decoder.embed_tokens";
  n.positions = "model.decoder.embed_positions";
  n.final_norm = "model.decoder.final_layer_norm";
  n.layer = "model.decoder.layers.{}.";
  n.attention_norm = "self_attn_layer_norm";
  n.mlp_norm = "final_layer_norm";
  n.o = "self_attn.out_proj";
  n.gate.clear();
  n.up = "fc1";
  n.down = "fc2";
  return model;
}

}  // namespace vireo::transformers
