#include "genai/batching/look_up.h"

#include <algorithm>

namespace vireo::genai {

std::vector<int64_t> look_up(const Request& request, span<const int64_t> tokens, size_t most) {
  if (!request.config.is_prompt_lookup()) return {};
  for (size_t n = std::min(request.config.max_ngram_size, tokens.size() - 1); n > 0; --n) {
    const int64_t* tail = tokens.end() - n;
    for (const int64_t* at = tail - 1; at >= tokens.begin(); --at) {
      if (!std::equal(tail, tokens.end(), at)) continue;
      const int64_t* next = at + n;
      return {next, next + std::min(most, size_t(tokens.end() - next))};
    }
  }
  return {};
}

}  // namespace vireo::genai
