// TextEmbeddingPipeline: texts as vectors that are near where their meanings are. Names and
// defaults are those of OpenVINO GenAI.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vireo/any.h"
#include "vireo/api.h"

namespace vireo::genai {

// One embedding: as many numbers as the model's hidden state is wide.
using EmbeddingResult = std::vector<float>;
using EmbeddingResults = std::vector<EmbeddingResult>;

struct VIREO_API TextEmbeddingConfig {
  // Which of the tokens' hidden states make the text's: the first, the mean over all that are no
  // padding, or the last one.
  enum class PoolingType { CLS, MEAN, LAST_TOKEN };

  std::optional<size_t>
      max_length;  // tokens per text, more are cut; else what the model was made for
  std::optional<bool> pad_to_max_length;  // every text to that length
  std::optional<size_t> batch_size;       // how many documents each call gives
  PoolingType pooling_type = PoolingType::CLS;
  bool normalize = true;                         // to length 1
  std::optional<std::string> query_instruction;  // put before a query
  std::optional<std::string> embed_instruction;  // put before a document
  std::optional<std::string>
      padding_side;  // "left" or "right"; else as the tokeniser's folder says

  void validate() const;  // throws InvalidArgument
};

class VIREO_API TextEmbeddingPipeline {
 public:
  using Config = TextEmbeddingConfig;
  using PoolingType = Config::PoolingType;

  // A folder with a model (IR, or config.json with safetensors) and its tokenizer.json. Properties
  // are those of the device.
  explicit TextEmbeddingPipeline(const std::string& models_path, const std::string& device = "CPU",
                                 const Config& config = {}, const AnyMap& properties = {});
  ~TextEmbeddingPipeline();
  TextEmbeddingPipeline(TextEmbeddingPipeline&&) noexcept;

  EmbeddingResults embed_documents(const std::vector<std::string>& texts);
  EmbeddingResult embed_query(const std::string& text);

  // The same beside the caller; waiting rethrows what was thrown. One at a time.
  void start_embed_documents_async(const std::vector<std::string>& texts);
  EmbeddingResults wait_embed_documents();
  void start_embed_query_async(const std::string& text);
  EmbeddingResult wait_embed_query();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vireo::genai
