// Qwen 3 with experts in all layers but those that config.json names.
#include <algorithm>

#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_qwen3(const Config& config);

Decoder describe_qwen3_moe(const Config& config) {
  Decoder model = describe_qwen3(config);
  model.names.router = "mlp.gate";
  model.names.expert = "mlp.experts.{}.";
  model.names.dense = "mlp.";
  model.names.gate = "gate_proj";
  model.names.up = "up_proj";
  model.names.down = "down_proj";
  model.experts.count = config.count("num_experts");
  model.experts.chosen = config.count("num_experts_per_tok");
  model.experts.normalised = config.flag("norm_topk_prob", false);
  const std::vector<double> named =
      config.has("mlp_only_layers") ? config.numbers("mlp_only_layers") : std::vector<double>{};
  const int64_t step = config.count("decoder_sparse_step", 1);
  for (int64_t i = 0; i < model.layers; ++i) {
    const bool listed = std::count(named.begin(), named.end(), static_cast<double>(i)) > 0;
    model.experts.dense.push_back(listed || (i + 1) % step != 0);
  }
  return model;
}

}  // namespace vireo::transformers
