// Which architectures there are: `model_type` of config.json to the function that describes the
// model. One file each in architectures/, one row each in architectures.inc.
#pragma once

#include <string>

#include "frontends/transformers/config.h"
#include "frontends/transformers/decoder.h"

namespace vireo::transformers {

// Throws NotSupported naming the model's type and all that are known.
Decoder describe(const Config& config);

// --- Shared by the files of architectures

// Sizes under the keys that most models use: hidden_size, num_hidden_layers, num_attention_heads,
// num_key_value_heads, head_dim, vocab_size, rms_norm_eps.
Decoder common_sizes(const Config& config);
// The names of Llama's weights, which most later models have taken over.
Names llama_names();
// hidden_act or `key`: silu, gelu, gelu_new, gelu_pytorch_tanh, relu, ...
Activation read_activation(const Config& config, std::string_view key);
// Rotary embedding over `partial_rotary_factor` of each head.
void add_rope(Decoder& model, const Config& config, double fraction = 1);
// Windows of `size` keys for the layers that `layer_types` calls sliding, or for all.
void add_windows(Decoder& model, const Config& config, int64_t size);

}  // namespace vireo::transformers
