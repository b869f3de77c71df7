// Qwen 3: every head of query and key is normalised before it is rotated.
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_qwen2(const Config& config);

Decoder describe_qwen3(const Config& config) {
  Decoder model = describe_qwen2(config);
  model.names.q_norm = "self_attn.q_norm";
  model.names.k_norm = "self_attn.k_norm";
  return model;
}

}  // namespace vireo::transformers
