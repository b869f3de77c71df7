#include "vireo/genai/text_rerank_pipeline.h"

#include <algorithm>
#include <cmath>

#include "base/support/error.h"
#include "genai/later.h"
#include "genai/text_encoder.h"

namespace vireo::genai {
namespace {

using Config = TextRerankPipeline::Config;
using Ranking = std::vector<std::pair<size_t, float>>;

TextEncoderOptions options_of(const Config& c) {
  return {c.max_length, c.pad_to_max_length, c.padding_side};
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// Of the logits of one text: [1] or [2] classes.
float class_score(const TextEncoder::Answer& answer) {
  const size_t classes = answer.shape.size() == 1 ? answer.shape[0] : 0;
  if (classes == 1) return sigmoid(answer.values[0]);
  if (classes == 2) return sigmoid(answer.values[1] - answer.values[0]);
  fail(ErrorCode::NotSupported,
       "the model answers a pair of texts with {}, expected one logit, two, or those of a language "
       "model",
       answer.shape.to_string());
}

}  // namespace

void TextRerankConfig::validate() const {
  options_of(*this).validate();
  if (top_n == 0) fail(ErrorCode::InvalidArgument, "top_n: got 0, expected at least 1");
}

struct TextRerankPipeline::Impl {
  Config config;
  TextEncoder encoder;
  bool writes = false;        // a language model, which reads query and text as one
  int64_t yes = -1, no = -1;  // the tokens by which it answers
  Later<Ranking> ranking{"rerank"};

  // Of the logits [length, vocabulary] behind the last token.
  float written_score(const TextEncoder::Answer& answer) const {
    const size_t vocabulary = answer.shape[1];
    if (yes < 0 || no < 0 || size_t(std::max(yes, no)) >= vocabulary)
      fail(ErrorCode::NotSupported,
           "a language model ranks by its tokens 'yes' and 'no', this one has none such");
    size_t last = answer.mask.size();
    while (last > 1 && answer.mask[last - 1] == 0) --last;
    const float* logits = answer.values.data() + (last - 1) * vocabulary;
    return sigmoid(logits[yes] - logits[no]);
  }

  Ranking rank(const std::string& query, const std::vector<std::string>& texts) {
    Ranking all(texts.size());
    if (writes) {
      std::vector<std::string> prompts;
      for (const std::string& text : texts) prompts.push_back(query + text);
      encoder.run(prompts,
                  [&](size_t i, const auto& answer) { all[i] = {i, written_score(answer)}; });
    } else {
      std::vector<Tokenizer::Pair> pairs;
      for (const std::string& text : texts) pairs.emplace_back(query, text);
      encoder.run(pairs, [&](size_t i, const auto& answer) { all[i] = {i, class_score(answer)}; });
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    all.resize(std::min(all.size(), config.top_n));
    return all;
  }
};

TextRerankPipeline::TextRerankPipeline(const std::string& models_path, const std::string& device,
                                       const Config& config, const AnyMap& properties) {
  config.validate();
  impl_.reset(
      new Impl{config, TextEncoder(models_path, device, "", options_of(config), properties)});
  const Tokenizer& tokenizer = impl_->encoder.tokenizer();
  impl_->writes = impl_->encoder.output_rank() == 3;
  impl_->yes = tokenizer.token_to_id("yes").value_or(-1);
  impl_->no = tokenizer.token_to_id("no").value_or(-1);
}
TextRerankPipeline::~TextRerankPipeline() = default;
TextRerankPipeline::TextRerankPipeline(TextRerankPipeline&&) noexcept = default;

Ranking TextRerankPipeline::rerank(const std::string& query,
                                   const std::vector<std::string>& texts) {
  start_rerank_async(query, texts);
  return wait_rerank();
}

void TextRerankPipeline::start_rerank_async(const std::string& query,
                                            const std::vector<std::string>& texts) {
  impl_->ranking.start([impl = impl_.get(), query, texts] { return impl->rank(query, texts); });
}
Ranking TextRerankPipeline::wait_rerank() { return impl_->ranking.wait(); }

}  // namespace vireo::genai
