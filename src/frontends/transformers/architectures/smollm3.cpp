// SmolLM 3: Llama whose every fourth layer is not rotated.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_qwen2(const Config& config);

Decoder describe_smollm3(const Config& config) {
  Decoder model = describe_qwen2(config);
  const bool listed = config.has("no_rope_layers");
  const std::vector<double> rotated =
      listed ? config.numbers("no_rope_layers") : std::vector<double>{};
  const int64_t interval = config.count("no_rope_layer_interval", 4);
  for (int64_t i = 0; i < model.layers; ++i) {
    const auto at = static_cast<size_t>(i);
    const bool turns = at < rotated.size() ? rotated[at] != 0 : (i + 1) % interval != 0;
    model.layer_rope.push_back(turns ? 0 : -1);
  }
  return model;
}

}  // namespace vireo::transformers
