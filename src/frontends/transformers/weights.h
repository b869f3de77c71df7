// Where a language model's weights come from: a Hugging Face folder or a GGUF file.
#pragma once

#include <optional>
#include <string>

#include "ops/fused/block_format.h"
#include "vireo/tensor.h"

namespace vireo::transformers {

// Views that keep their file mapped, where the file has them in this form.
struct Weight {
  Shape shape;
  Tensor values;  // of that shape; of blocks: bytes u8 [..., bytes per row]; of codes: u4 or u8
                  // [rows, groups, group]
  std::optional<ops::BlockFormat> blocks;
  Tensor scales, zero_points;  // of codes, [rows, groups, 1]: value = scale * (code - zero point)
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
