// The safetensors format: 8 bytes with the length of a JSON header, the header with type, shape and
// place of each tensor, then their bytes.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "vireo/tensor.h"

namespace vireo::safetensors {

using Tensors = std::unordered_map<std::string, Tensor>;

// The tensors of a file as views that keep it mapped. Throws NotFound or Io, and InvalidModel in
// one line for what is malformed: tensors beyond the end of the file, a shape that does not fit its
// bytes, an unknown type.
Tensors read_file(const std::string& path);

}  // namespace vireo::safetensors
