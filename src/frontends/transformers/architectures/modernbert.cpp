// ModernBERT: rotary positions, gated feed-forward, and two of three layers that look at a window.
#include "base/support/error.h"
#include "frontends/transformers/encoders.h"
#include "frontends/transformers/rope.h"

namespace vireo::transformers {
namespace {

const char* head_function(const Config& config) {
  if (!config.has("classifier_activation")) return "Gelu";
  switch (read_activation(config, "classifier_activation")) {
    case Activation::GeluErf: return "Gelu";
    case Activation::Relu: return "Relu";
    default:
      fail(ErrorCode::NotSupported,
           "'{}': classifier_activation '{}' is not supported, expected gelu or relu",
           config.path(), config.text("classifier_activation"));
  }
}

void add_layers_of_two_kinds(Decoder& body, const Config& config) {
  const double global = config.number("global_rope_theta", 160000);
  body.ropes = {plain_rope(body.head_dim, global),
                plain_rope(body.head_dim, config.number("local_rope_theta", global))};
  const int64_t every = config.count("global_attn_every_n_layers", 3);
  const int64_t reach = config.count("local_attention", 128) / 2;
  for (int64_t i = 0; i < body.layers; ++i) {
    const bool local = i % every != 0;
    body.layer_rope.push_back(local ? 1 : 0);
    body.windows.push_back(local ? reach : 0);
  }
}

}  // namespace

Encoder describe_modernbert(const Config& config, Task) {
  Encoder model;
  model.body = encoder_sizes(config);
  model.body.epsilon = config.number("norm_eps", 1e-5);
  model.body.activation = config.has("hidden_activation")
                              ? read_activation(config, "hidden_activation")
                              : Activation::GeluErf;
  model.body.qkv = QkvLayout::Concatenated;
  add_layers_of_two_kinds(model.body, config);
  model.positions = Positions::None;
  model.bare_first = true;
  Names& n = model.body.names;
  n.embedding = "model.embeddings.tok_embeddings";
  n.embedding_norm = "model.embeddings.norm";
  n.layer = "model.layers.{}.";
  n.attention_norm = "attn_norm";
  n.qkv = "attn.Wqkv";
  n.o = "attn.Wo";
  n.mlp_norm = "mlp_norm";
  n.gate_up = "mlp.Wi";
  n.down = "mlp.Wo";
  n.final_norm = "model.final_norm";
  model.head.dense = "head.dense";
  model.head.function = head_function(config);
  model.head.norm = "head.norm";
  model.head.classifier = "classifier";
  model.head.mean = config.text("classifier_pooling", "cls") == "mean";
  return model;
}

}  // namespace vireo::transformers
