// Gemma: the embedding is scaled by the root of its width, norms multiply by 1 + w.
#include <cmath>

#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_gemma(const Config& config) {
  Decoder model = common_sizes(config);
  model.names = llama_names();
  model.norm_weight_offset = 1;
  model.embedding_scale = std::sqrt(static_cast<double>(model.hidden));
  // The first checkpoints say "gelu" and mean its tanh form, as their code did.
  model.activation = Activation::GeluTanh;
  add_rope(model, config);
  return model;
}

}  // namespace vireo::transformers
