// Which encoders there are: `model_type` of config.json to the function that describes the model.
// One file each in architectures/, one row each in encoders.inc.
#pragma once

#include <memory>
#include <string>

#include "frontends/transformers/architectures.h"
#include "frontends/transformers/encoder.h"
#include "frontends/transformers/quantise.h"

namespace vireo::transformers {

// The model that a config.json describes, an encoder or a decoder, as a graph for a task; "" is the
// task that it names itself. `format` rounds the weights. Throws NotSupported naming what there is.
std::shared_ptr<Graph> build_for_task(const Config& config, const std::string& task,
                                      const WeightSource& weights,
                                      const std::optional<WeightFormat>& format = {});

// --- Shared by the files of encoders

// Sizes under the given keys, vocab_size, and what all encoders have in common.
Decoder encoder_sizes(const Config& config, const char* width = "hidden_size",
                      const char* layers = "num_hidden_layers",
                      const char* heads = "num_attention_heads");

}  // namespace vireo::transformers
