// Guesses of a smaller model: it says greedily what it thinks comes next, and the large one checks
// all of it in one pass.
#pragma once

#include "genai/batching/bound_model.h"

namespace vireo::genai {

class Draft {
 public:
  // A model with the vocabulary of the one that checks.
  explicit Draft(InferRequest request) : model_(std::move(request)) {}

  std::vector<int64_t> guess(const Request& request, span<const int64_t> tokens, size_t most);

 private:
  // What the draft's cache holds of a request; given back with it.
  struct Memory {
    explicit Memory(SequenceStore& of) : store(of), sequence(of.create()) {}
    ~Memory() { store.release(sequence); }
    SequenceStore& store;
    const SequenceStore::Id sequence;
    std::vector<int64_t> tokens;
  };
  int64_t next(Memory& memory, span<const int64_t> tokens);

  BoundModel model_;
};

}  // namespace vireo::genai
