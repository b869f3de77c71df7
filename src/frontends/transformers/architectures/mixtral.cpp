// Mixtral: Mistral with experts in place of each feed-forward block.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_mistral(const Config& config);

Decoder describe_mixtral(const Config& config) {
  Decoder model = describe_mistral(config);
  model.names.router = "block_sparse_moe.gate";
  model.names.expert = "block_sparse_moe.experts.{}.";
  model.names.gate = "w1";
  model.names.up = "w3";
  model.names.down = "w2";
  model.experts.count = config.count("num_local_experts");
  model.experts.chosen = config.count("num_experts_per_tok");
  return model;
}

}  // namespace vireo::transformers
