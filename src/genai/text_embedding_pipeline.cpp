#include "vireo/genai/text_embedding_pipeline.h"

#include <algorithm>
#include <cmath>

#include "base/support/error.h"
#include "genai/later.h"
#include "genai/text_encoder.h"

namespace vireo::genai {
namespace {

using Config = TextEmbeddingPipeline::Config;
using Pooling = TextEmbeddingPipeline::PoolingType;

TextEncoderOptions options_of(const Config& c) {
  return {c.max_length, c.pad_to_max_length, c.padding_side};
}

// Of hidden states [length, width].
EmbeddingResult pooled(const TextEncoder::Answer& answer, Pooling how) {
  const size_t length = answer.shape[0], width = answer.shape[1];
  const auto token = [&](size_t i) { return answer.values.data() + i * width; };
  if (how == Pooling::CLS) return {token(0), token(0) + width};
  size_t last = 0, count = 0;
  EmbeddingResult sum(width);
  for (size_t i = 0; i < length; ++i) {
    if (answer.mask[i] == 0) continue;
    last = i;
    ++count;
    for (size_t j = 0; j < width; ++j) sum[j] += token(i)[j];
  }
  if (how == Pooling::LAST_TOKEN) return {token(last), token(last) + width};
  for (float& value : sum) value /= float(std::max<size_t>(count, 1));
  return sum;
}

void normalise(EmbeddingResult& x) {
  double squares = 0;
  for (const float value : x) squares += double(value) * value;
  const double length = std::max(std::sqrt(squares), 1e-12);
  for (float& value : x) value = float(value / length);
}

}  // namespace

void TextEmbeddingConfig::validate() const {
  options_of(*this).validate();
  if (batch_size && *batch_size == 0)
    fail(ErrorCode::InvalidArgument, "batch_size: got 0, expected at least 1");
}

struct TextEmbeddingPipeline::Impl {
  Config config;
  TextEncoder encoder;
  Later<EmbeddingResults> documents{"embed_documents"};
  Later<EmbeddingResult> query{"embed_query"};

  EmbeddingResults embed(std::vector<std::string> texts, const std::optional<std::string>& before) {
    if (config.batch_size && texts.size() != *config.batch_size) {
      fail(ErrorCode::InvalidArgument, "{} texts: expected {}, the batch_size of the configuration",
           texts.size(), *config.batch_size);
    }
    if (before)
      for (std::string& text : texts) text = *before + text;
    EmbeddingResults results(texts.size());
    encoder.run(texts, [&](size_t i, const TextEncoder::Answer& answer) {
      if (answer.shape.size() != 2) {
        fail(ErrorCode::NotSupported, "the model answers a text with {}, expected [length, width]",
             answer.shape.to_string());
      }
      results[i] = pooled(answer, config.pooling_type);
      if (config.normalize) normalise(results[i]);
    });
    return results;
  }
};

TextEmbeddingPipeline::TextEmbeddingPipeline(const std::string& models_path,
                                             const std::string& device, const Config& config,
                                             const AnyMap& properties) {
  config.validate();
  impl_.reset(new Impl{config, TextEncoder(models_path, device, "feature-extraction",
                                           options_of(config), properties)});
}
TextEmbeddingPipeline::~TextEmbeddingPipeline() = default;
TextEmbeddingPipeline::TextEmbeddingPipeline(TextEmbeddingPipeline&&) noexcept = default;

EmbeddingResults TextEmbeddingPipeline::embed_documents(const std::vector<std::string>& texts) {
  start_embed_documents_async(texts);
  return wait_embed_documents();
}

EmbeddingResult TextEmbeddingPipeline::embed_query(const std::string& text) {
  start_embed_query_async(text);
  return wait_embed_query();
}

void TextEmbeddingPipeline::start_embed_documents_async(const std::vector<std::string>& texts) {
  impl_->query.check_idle();
  impl_->documents.start(
      [impl = impl_.get(), texts] { return impl->embed(texts, impl->config.embed_instruction); });
}
EmbeddingResults TextEmbeddingPipeline::wait_embed_documents() { return impl_->documents.wait(); }

void TextEmbeddingPipeline::start_embed_query_async(const std::string& text) {
  impl_->documents.check_idle();
  impl_->query.start([impl = impl_.get(), text] {
    return impl->embed({text}, impl->config.query_instruction)[0];
  });
}
EmbeddingResult TextEmbeddingPipeline::wait_embed_query() { return impl_->query.wait(); }

}  // namespace vireo::genai
