// Llama 1 to 3.2, and what is built like it: SmolLM2, TinyLlama, Yi, DeepSeek's distillates.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_llama(const Config& config) {
  Decoder model = common_sizes(config);
  model.names = llama_names();
  model.activation = read_activation(config, "hidden_act");
  add_rope(model, config);
  return model;
}

}  // namespace vireo::transformers
