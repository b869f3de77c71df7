#include "frontends/transformers/architectures.h"

#include <algorithm>

#include "base/support/error.h"
#include "frontends/transformers/rope.h"

namespace vireo::transformers {

#define VIREO_ARCHITECTURE(type, function) Decoder function(const Config& config);
#include "frontends/transformers/architectures.inc"
#undef VIREO_ARCHITECTURE

namespace {

struct Row {
  const char* type;
  Decoder (*describe)(const Config&);
};
constexpr Row kRows[] = {
#define VIREO_ARCHITECTURE(type, function) {#type, function},
#include "frontends/transformers/architectures.inc"
#undef VIREO_ARCHITECTURE
};

}  // namespace

Decoder describe(const Config& config) {
  const std::string type = config.text("model_type");
  std::string known;
  for (const Row& row : kRows) {
    if (type == row.type) {
      Decoder model = row.describe(config);
      model.architecture = type;
      return model;
    }
    known += (known.empty() ? "" : ", ") + std::string(row.type);
  }
  fail(ErrorCode::NotSupported, "'{}': model type '{}' is not supported, known are {}",
       config.path(), type, known);
}

Decoder common_sizes(const Config& config) {
  Decoder model;
  model.hidden = config.count("hidden_size");
  model.layers = config.count("num_hidden_layers");
  model.heads = config.count("num_attention_heads");
  model.kv_heads = config.count("num_key_value_heads", model.heads);
  model.head_dim = config.count("head_dim", std::max<int64_t>(model.hidden / model.heads, 1));
  model.vocabulary = config.count("vocab_size");
  model.epsilon = config.number("rms_norm_eps", 1e-6);
  return model;
}

Names llama_names() {
  Names n;
  n.embedding = "model.embed_tokens";
  n.final_norm = "model.norm";
  n.head = "lm_head";
  n.layer = "model.layers.{}.";
  n.attention_norm = "input_layernorm";
  n.mlp_norm = "post_attention_layernorm";
  n.q = "self_attn.q_proj";
  n.k = "self_attn.k_proj";
  n.v = "self_attn.v_proj";
  n.o = "self_attn.o_proj";
  n.gate = "mlp.gate_proj";
  n.up = "mlp.up_proj";
  n.down = "mlp.down_proj";
  return n;
}

Activation read_activation(const Config& config, std::string_view key) {
  const std::string name = config.text(key, "silu");
  if (name == "silu" || name == "swish") return Activation::Silu;
  if (name == "gelu") return Activation::GeluErf;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") {
    return Activation::GeluTanh;
  }
  if (name == "relu") return Activation::Relu;
  fail(ErrorCode::NotSupported,
       "'{}': activation '{}' is not supported, expected silu, gelu, gelu_new, gelu_pytorch_tanh "
       "or relu",
       config.path(), name);
}

void add_rope(Decoder& model, const Config& config, double fraction) {
  const double part = config.number("partial_rotary_factor", fraction);
  const auto size = static_cast<int64_t>(part * static_cast<double>(model.head_dim)) / 2 * 2;
  if (part <= 0 || size < 2) {
    fail(ErrorCode::InvalidModel,
         "'{}': partial_rotary_factor {} rotates no element of a head of {}", config.path(), part,
         model.head_dim);
  }
  model.ropes.push_back(read_rope(config, size));
}

void add_windows(Decoder& model, const Config& config, int64_t size) {
  const std::vector<std::string> types = config.texts("layer_types");
  if (!types.empty() && types.size() != static_cast<size_t>(model.layers)) {
    fail(ErrorCode::InvalidModel, "'{}': layer_types names {} layers, expected {}", config.path(),
         types.size(), model.layers);
  }
  for (size_t i = 0; i < static_cast<size_t>(model.layers); ++i) {
    const bool sliding = types.empty() || types[i] == "sliding_attention";
    model.windows.push_back(sliding ? size : 0);
  }
}

}  // namespace vireo::transformers
