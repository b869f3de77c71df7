// TextRerankPipeline: which texts answer a query best. Names and defaults are those of OpenVINO
// GenAI.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vireo/any.h"
#include "vireo/api.h"

namespace vireo::genai {

struct VIREO_API TextRerankConfig {
  size_t top_n = 3;                  // how many texts rerank() returns
  std::optional<size_t> max_length;  // tokens of query and text together, more are cut
  std::optional<bool> pad_to_max_length;
  std::optional<std::string>
      padding_side;  // "left" or "right"; else as the tokeniser's folder says

  void validate() const;  // throws InvalidArgument
};

class VIREO_API TextRerankPipeline {
 public:
  using Config = TextRerankConfig;

  // A folder with a model and its tokenizer.json. Models with a head for classes read query and
  // text as a pair: their score is the sigmoid of the one logit, or the probability of the second
  // of two classes. Language models (Qwen3-Reranker) read the query with the text right behind it,
  // and the score is how much more likely "yes" is to follow than "no".
  explicit TextRerankPipeline(const std::string& models_path, const std::string& device = "CPU",
                              const Config& config = {}, const AnyMap& properties = {});
  ~TextRerankPipeline();
  TextRerankPipeline(TextRerankPipeline&&) noexcept;

  // Numbers of texts and their scores from 0 to 1, best first.
  std::vector<std::pair<size_t, float>> rerank(const std::string& query,
                                               const std::vector<std::string>& texts);

  // The same beside the caller; waiting rethrows what was thrown. One at a time.
  void start_rerank_async(const std::string& query, const std::vector<std::string>& texts);
  std::vector<std::pair<size_t, float>> wait_rerank();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vireo::genai
