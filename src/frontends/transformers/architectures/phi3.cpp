// Phi 3 and 4-mini: fused projections, rotation stretched by a divisor per element.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_phi3(const Config& config) {
  Decoder model = common_sizes(config);
  model.names = llama_names();
  model.names.qkv = "self_attn.qkv_proj";
  model.names.gate.clear();
  model.names.up.clear();
  model.names.gate_up = "mlp.gate_up_proj";
  model.qkv = QkvLayout::Concatenated;
  model.activation = read_activation(config, "hidden_act");
  add_rope(model, config);
  if (config.has("sliding_window")) add_windows(model, config, config.count("sliding_window"));
  return model;
}

}  // namespace vireo::transformers
