// Mistral: Llama with a sliding window in its first version.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_llama(const Config& config);

Decoder describe_mistral(const Config& config) {
  Decoder model = describe_llama(config);
  if (config.has("sliding_window")) add_windows(model, config, config.count("sliding_window"));
  return model;
}

}  // namespace vireo::transformers
