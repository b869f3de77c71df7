// Reads GGUF files as language models.
#pragma once

#include <memory>
#include <string>

#include "base/io/gguf_file.h"
#include "core/graph.h"

namespace vireo {

// The language model in a file as a stateful graph (frontends/transformers/build.h says its inputs
// and outputs). Weights are views of the file, those in blocks behind vireo.BlockDequantise. Throws
// what GgufFile throws, InvalidModel for a value or weight that is missing or does not fit, and
// NotSupported naming the architectures and tensor types that are known.
std::shared_ptr<Graph> read_gguf(const GgufFile& file);

}  // namespace vireo
