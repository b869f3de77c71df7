#include "genai/batching/bound_model.h"

#include <algorithm>

#include "base/support/error.h"
#include "genai/language_model.h"

namespace vireo::genai {

BoundModel::BoundModel(InferRequest request)
    : request_(std::move(request)),
      store_(sequence_store(request_)),
      ids_(element::i64, {1, 1}),
      positions_(element::i64, {1}) {
  if (!store_)
    fail(ErrorCode::NotSupported,
         "continuous batching needs a language model whose attention keeps keys and values in "
         "blocks, "
         "on the CPU device; LLMPipeline without scheduler_config runs others");
  if (!has_port(request_, "sampled_tokens_indices"))
    fail(ErrorCode::NotSupported,
         "continuous batching needs logits out of a product with the vocabulary, this model has "
         "others");
}

span<const float> BoundModel::forward(const Engine::Pass& pass) {
  ids_.set_shape({1, pass.tokens.size()});
  std::copy(pass.tokens.begin(), pass.tokens.end(), ids_.data<int64_t>());
  positions_.set_shape({pass.positions.size()});
  std::copy(pass.positions.begin(), pass.positions.end(), positions_.data<int64_t>());
  request_.set_tensor("input_ids", ids_);
  request_.set_tensor("sampled_tokens_indices", positions_);
  store_->bind(pass.rows);
  request_.infer();
  scores_ = request_.get_tensor("logits");
  return {scores_.data<float>(), scores_.get_size()};
}

std::unique_ptr<Engine> BoundModel::make_engine(const SchedulerConfig& config,
                                                Engine::Guess guess) {
  config.validate();
  if (config.num_kv_blocks > 0) store_->set_limit(int64_t(config.num_kv_blocks));
  if (config.cache_size > 0)
    store_->set_limit(
        std::max<int64_t>(1, int64_t((config.cache_size << 30) / store_->block_bytes())));
  return std::make_unique<Engine>(
      config, *store_, [this](const Engine::Pass& pass) { return forward(pass); },
      std::move(guess));
}

}  // namespace vireo::genai
