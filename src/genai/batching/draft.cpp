#include "genai/batching/draft.h"

#include <algorithm>

#include "genai/sampling/rows.h"

namespace vireo::genai {

std::vector<int64_t> Draft::guess(const Request& request, span<const int64_t> tokens, size_t most) {
  if (!request.draft) request.draft = std::make_shared<Memory>(model_.store());
  Memory& memory = *std::static_pointer_cast<Memory>(request.draft);
  // Of the last guesses those that were wrong are forgotten; the last token runs in any case.
  const size_t known = std::min(memory.tokens.size(), tokens.size() - 1);
  const auto wrong = std::mismatch(memory.tokens.begin(),
                                   memory.tokens.begin() + std::ptrdiff_t(known), tokens.begin());
  memory.tokens.erase(wrong.first, memory.tokens.end());
  model_.store().trim(memory.sequence, int64_t(memory.tokens.size()));
  std::vector<int64_t> guesses;
  span<const int64_t> fresh(tokens.data() + memory.tokens.size(),
                            tokens.size() - memory.tokens.size());
  while (guesses.size() < most) {
    guesses.push_back(next(memory, fresh));
    fresh = {&guesses.back(), 1};
  }
  return guesses;
}

// The likeliest token behind what the memory holds and these.
int64_t Draft::next(Memory& memory, span<const int64_t> tokens) {
  Engine::Pass pass;
  pass.tokens.assign(tokens.begin(), tokens.end());
  pass.rows.push_back({memory.sequence, int64_t(tokens.size())});
  pass.positions.push_back(int64_t(tokens.size()) - 1);
  const span<const float> scores = model_.forward(pass);
  memory.tokens.insert(memory.tokens.end(), pass.tokens.begin(), pass.tokens.end());
  return int64_t(arg_max(scores));
}

}  // namespace vireo::genai
