// Reads Hugging Face folders: config.json beside model.safetensors, in one file or in shards.
#pragma once

#include <memory>
#include <string>

#include "core/graph.h"

namespace vireo {

// Whether a folder holds a config.json and safetensors.
bool is_hugging_face_folder(const std::string& folder);

// The language model in a folder as a stateful graph (frontends/transformers/build.h says its
// inputs and outputs). Weights are views of the mapped files. Throws NotFound, InvalidModel, and
// NotSupported naming the architectures that are known.
std::shared_ptr<Graph> read_hugging_face(const std::string& folder);

}  // namespace vireo
