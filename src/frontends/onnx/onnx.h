// Reads ONNX models: opset 7 to 24 and older ones where they mean the same, as a graph of public
// operators.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/support/span.h"
#include "core/graph.h"

namespace vireo {

// Weights are views of the mapped file, which lives as long as one of them does. `map` false reads
// the file instead. Throws InvalidModel for malformed files, NotSupported naming all operators that
// are unknown.
std::shared_ptr<Graph> read_onnx(const std::string& path, const OpRegistry& ops, bool map = true);

// The same from memory. Weights are views of `bytes` if `keep_alive` holds them, else copies.
// External data are looked for in `folder`, and refused if that is empty.
std::shared_ptr<Graph> read_onnx(span<const std::byte> bytes,
                                 std::shared_ptr<const void> keep_alive, const std::string& folder,
                                 const OpRegistry& ops);

// Whether bytes start like an ONNX model. Cheap: looks at the first fields only.
bool looks_like_onnx(span<const std::byte> bytes);

}  // namespace vireo
