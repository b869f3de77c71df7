// A language model whose sequences lie in a store: what an engine runs.
#pragma once

#include <memory>

#include "genai/batching/engine.h"
#include "vireo/core.h"

namespace vireo::genai {

class BoundModel {
 public:
  // NotSupported for a model that keeps no keys and values in blocks, or tells the scores of all
  // positions only.
  explicit BoundModel(InferRequest request);

  SequenceStore& store() const { return *store_; }
  // The scores [positions, vocabulary] of a pass, until the next.
  span<const float> forward(const Engine::Pass& pass);
  // An engine over this model, which must outlive it, with the cache that the configuration grants.
  std::unique_ptr<Engine> make_engine(const SchedulerConfig& config, Engine::Guess guess = look_up);

 private:
  InferRequest request_;
  SequenceStore* store_;
  Tensor ids_, positions_, scores_;
};

}  // namespace vireo::genai
