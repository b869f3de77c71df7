// Gemma 3, text: as Gemma 2 with normalised heads instead of squeezed scores; five layers with a
// window and a rotation of their own for each that sees all.
#include "frontends/transformers/architectures.h"
#include "frontends/transformers/rope.h"

namespace vireo::transformers {

Decoder describe_gemma2(const Config& config);

Decoder describe_gemma3(const Config& config) {
  Decoder model = describe_gemma2(config);
  model.names.q_norm = "self_attn.q_norm";
  model.names.k_norm = "self_attn.k_norm";
  if (!config.has("layer_types")) {
    const int64_t pattern = config.count("sliding_window_pattern", 6);
    for (int64_t i = 0; i < model.layers; ++i) {
      const bool full = (i + 1) % pattern == 0;
      model.windows[static_cast<size_t>(i)] = full ? 0 : config.count("sliding_window");
    }
  }
  model.ropes.push_back(plain_rope(model.head_dim, config.number("rope_local_base_freq", 10000)));
  for (const int64_t window : model.windows) model.layer_rope.push_back(window ? 1 : 0);
  return model;
}

}  // namespace vireo::transformers
