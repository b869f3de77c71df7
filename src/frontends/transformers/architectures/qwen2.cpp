// Qwen 2 and 2.5: Llama with biases on query, key and value, and optionally windows on the upper
// layers.
#include <algorithm>

#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_llama(const Config& config);

Decoder describe_qwen2(const Config& config) {
  Decoder model = describe_llama(config);
  if (!config.flag("use_sliding_window", false) || !config.has("sliding_window")) return model;
  add_windows(model, config, config.count("sliding_window"));
  if (!config.has("layer_types")) {
    const int64_t full = config.integer("max_window_layers", model.layers);
    for (int64_t i = 0; i < std::min(full, model.layers); ++i) {
      model.windows[static_cast<size_t>(i)] = 0;
    }
  }
  return model;
}

}  // namespace vireo::transformers
