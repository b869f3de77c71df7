// A compiled model that reads whole texts, with its tokeniser: what the pipelines for embeddings
// and for ranking share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/support/span.h"
#include "vireo/core.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

struct TextEncoderOptions {
  std::optional<size_t> max_length;
  std::optional<bool> pad_to_max_length;
  std::optional<std::string> padding_side;

  void validate() const;  // throws InvalidArgument
};

class TextEncoder {
 public:
  // What the model said of one text.
  struct Answer {
    Shape shape;               // of the text: [length, width] or [width]
    span<const float> values;  // until the next answer
    span<const int64_t> mask;  // 0 for padding
  };

  // `task` is that of a Hugging Face folder, "" what its config.json says.
  TextEncoder(const std::string& folder, const std::string& device, const std::string& task,
              const TextEncoderOptions& options, const AnyMap& properties);

  // Calls `take` with the number of each text, or pair of texts, and the answer; in any order.
  using Take = std::function<void(size_t, const Answer&)>;
  void run(const std::vector<std::string>& texts, const Take& take);
  void run(const std::vector<Tokenizer::Pair>& pairs, const Take& take);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  size_t output_rank() const { return output_rank_; }

 private:
  void run(const TokenizedInputs& all, const Take& take);
  void pass(const TokenizedInputs& all, span<const size_t> rows, size_t begin, size_t end,
            const Take& take);
  void set(const std::string& name, const Tensor& tensor);

  Tokenizer tokenizer_;
  AnyMap encode_options_;
  bool fixed_length_;
  InferRequest request_;
  std::vector<std::string> inputs_;
  size_t output_rank_;
};

}  // namespace vireo::genai
