// StableLM 2: layer norms, a quarter of each head rotated.
#include "base/support/error.h"
#include "frontends/transformers/architectures.h"

namespace vireo::transformers {

Decoder describe_stablelm(const Config& config) {
  if (config.flag("qk_layernorm", false)) {
    fail(ErrorCode::NotSupported, "'{}': qk_layernorm is not supported for stablelm",
         config.path());
  }
  Decoder model = common_sizes(config);
  model.names = llama_names();
  model.norm = NormKind::Layer;
  model.epsilon = config.number("layer_norm_eps", 1e-5);
  model.activation = read_activation(config, "hidden_act");
  model.parallel = config.flag("use_parallel_residual", false);
  if (model.parallel) model.names.mlp_norm.clear();
  add_rope(model, config, 0.25);
  return model;
}

}  // namespace vireo::transformers
