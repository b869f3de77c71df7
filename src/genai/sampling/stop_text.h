// Texts that end a sequence, looked for in what its last tokens say: constant work per token.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/support/span.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

class StopText {
 public:
  StopText(Tokenizer tokenizer, std::set<std::string> texts, bool included);

  bool empty() const { return texts_.empty(); }

  // Where a stop text ends or begins (if it is not part of the result; blanks before it go too):
  // how many tokens then lie wholly behind that place, and how many bytes of the last one's text
  // that stays.
  struct Match {
    bool found = false;
    size_t dropped_tokens = 0, dropped_bytes = 0;
  };
  Match find(span<const int64_t> output) const;

  // How many of the last tokens may still turn out to be part of a stop text, or blanks before one.
  size_t held_back(span<const int64_t> output) const;

 private:
  struct Window;
  Window window(span<const int64_t> output) const;
  size_t tokens_behind(const Window& window, size_t place, size_t& bytes) const;

  Tokenizer tokenizer_;
  std::set<std::string> texts_;
  bool included_;
  size_t width_ = 0;  // tokens that a stop text may lie in
};

}  // namespace vireo::genai
