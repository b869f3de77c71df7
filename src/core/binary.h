// The binary form of a graph, for caches: exact, with all names and runtime information. Constants
// stay apart, so that their bytes can be mapped.
#pragma once

#include <string>
#include <vector>

#include "base/support/span.h"
#include "core/graph.h"

namespace vireo {

struct BinaryGraph {
  std::string bytes;
  // By number, dense. Strings are in `bytes`; so are constants that repeat one element by strides
  // of zero, which weights leave behind that are packed.
  std::vector<Tensor> constants;
};
BinaryGraph to_binary(const Graph& graph);

// Nodes are inferred again, so that a graph from untrusted bytes is as sound as one from a model
// file. Throws InvalidModel, or what inference throws.
std::shared_ptr<Graph> graph_from_binary(span<const uint8_t> bytes,
                                         const std::vector<Tensor>& constants,
                                         const OpRegistry& ops);

}  // namespace vireo
