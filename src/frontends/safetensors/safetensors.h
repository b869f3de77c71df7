// Reads Hugging Face folders: config.json beside model.safetensors, in one file or in shards.
#pragma once

#include <memory>
#include <string>

#include "core/graph.h"

namespace vireo {

// Whether a folder holds a config.json and safetensors.
bool is_hugging_face_folder(const std::string& folder);

// The model in a folder: a language model as a stateful graph, an encoder with the head that the
// task asks for (frontends/transformers/build.h and encoder.h say inputs and outputs). `task` is
// one of optimum's names; "" takes what config.json says. `weight_format` rounds weights as they
// are read (frontends/transformers/quantise.h). Weights that stay as they are are views of the
// mapped files. Throws NotFound, InvalidModel, and NotSupported naming the architectures that are
// known.
std::shared_ptr<Graph> read_hugging_face(const std::string& folder, const std::string& task = {},
                                         const std::string& weight_format = {});

}  // namespace vireo
