// Where a language model's weights come from: a Hugging Face folder or a GGUF file.
#pragma once

#include <optional>
#include <string>

#include "vireo/tensor.h"

namespace vireo::transformers {

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // The tensor of that name in Hugging Face's spelling ("model.layers.0.mlp.up_proj.weight"), a
  // view that keeps its file mapped; nothing if there is none.
  virtual std::optional<Tensor> find(const std::string& name) const = 0;
  // What error messages call the source: a path.
  virtual const std::string& path() const = 0;
};

}  // namespace vireo::transformers
