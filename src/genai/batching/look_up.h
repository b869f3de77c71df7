// Guesses out of the text itself: what followed the last tokens when they stood there before.
#pragma once

#include <vector>

#include "genai/batching/request.h"

namespace vireo::genai {

// What followed the latest place with the same last n tokens, for the largest n up to
// max_ngram_size that has one; nothing without prompt lookup in the configuration.
std::vector<int64_t> look_up(const Request& request, span<const int64_t> tokens, size_t most);

}  // namespace vireo::genai
