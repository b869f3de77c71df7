// Granite: Llama with four multipliers.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_llama(const Config& config);

Decoder describe_granite(const Config& config) {
  Decoder model = describe_llama(config);
  model.embedding_scale = config.number("embedding_multiplier", 1);
  model.residual_scale = config.number("residual_multiplier", 1);
  model.attention_scale = config.number("attention_multiplier", 1);
  model.logits_scale = 1 / config.number("logits_scaling", 1);
  return model;
}

}  // namespace vireo::transformers
