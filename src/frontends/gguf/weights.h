// The tensors of a GGUF file as the weights of a language model.
#pragma once

#include "base/io/gguf_file.h"
#include "frontends/transformers/decoder.h"
#include "frontends/transformers/weights.h"

namespace vireo::gguf {

class Weights final : public transformers::WeightSource {
 public:
  Weights(const GgufFile& file, const transformers::Decoder& model, bool paired_rows)
      : file_(file), model_(model), paired_rows_(paired_rows) {}

  // By their names in the file; "blk.0.experts.3.ffn_up.weight" is the part of
  // "blk.0.ffn_up_exps.weight" that is the third expert's. A view, but for projections of query and
  // key whose rows are in another order. Throws NotSupported for a type of tensor that is not read.
  std::optional<transformers::Weight> find(const std::string& name) const override;
  const std::string& path() const override { return file_.path(); }

 private:
  transformers::Weight view(const std::string& name, const GgufTensor& tensor) const;
  std::optional<transformers::Weight> expert(const std::string& name, size_t at) const;

  const GgufFile& file_;
  const transformers::Decoder& model_;
  bool paired_rows_;
};

}  // namespace vireo::gguf
