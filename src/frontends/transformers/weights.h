// Where a language model's weights come from: a Hugging Face folder or a GGUF file.
#pragma once

#include <optional>
#include <string>

#include "ops/fused/block_format.h"
#include "vireo/tensor.h"

namespace vireo::transformers {

// A view that keeps its file mapped.
struct Weight {
  Shape shape;
  Tensor values;  // of that shape; of blocks: bytes u8 [..., bytes per row]
  std::optional<ops::BlockFormat> blocks;
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // The weight that the description of the model calls `name` ("model.layers.0.mlp.up_proj.weight",
  // "blk.0.ffn_up.weight"); nothing if there is none.
  virtual std::optional<Weight> find(const std::string& name) const = 0;
  // What error messages call the source: a path.
  virtual const std::string& path() const = 0;
};

}  // namespace vireo::transformers
