// The values of a model's own section: `llama.block_count` is "block_count" here.
#pragma once

#include <string>
#include <vector>

#include "base/io/gguf_file.h"
#include "frontends/transformers/decoder.h"

namespace vireo::gguf {

class Keys {
 public:
  explicit Keys(const GgufFile& file)
      : file_(file), prefix_(file.text("general.architecture") + ".") {}

  const GgufFile& file() const { return file_; }
  bool has(const std::string& key) const { return file_.has(prefix_ + key); }
  double number(const std::string& key, std::optional<double> otherwise = {}) const {
    return file_.number(prefix_ + key, otherwise);
  }
  bool flag(const std::string& key, bool otherwise) const {
    return file_.flag(prefix_ + key, otherwise);
  }
  std::string text(const std::string& key, const std::string& otherwise) const {
    return file_.text(prefix_ + key, otherwise);
  }
  // Positive and of a size that a model may have; of a list with an entry per layer, which must all
  // be the same, that entry.
  int64_t count(const std::string& key, std::optional<int64_t> otherwise = {}) const;
  // The same, where 0 is none.
  int64_t count_or_none(const std::string& key) const;

  // The extent of a tensor's outer axis.
  int64_t rows(const std::string& tensor) const;
  // The values of a small f32 tensor; empty if there is none.
  std::vector<float> floats(const std::string& tensor, size_t count) const;

  // Rotary embedding over `rope.dimension_count` elements of each head, with the file's scaling.
  transformers::Rope rope(int64_t head_dim) const;

 private:
  const GgufFile& file_;
  std::string prefix_;
};

}  // namespace vireo::gguf
