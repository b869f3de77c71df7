// Words of a text whose blanks are U+2581, as SentencePiece has them. If no token of a BPE model
// has one behind another character, a text may be cut before each, and its words be looked up,
// although the model sees it whole.
#pragma once

#include <algorithm>
#include <string_view>

#include "text/tokenizer/aligned_text.h"

namespace vireo::text {

inline constexpr std::string_view kMeta = "\xe2\x96\x81";  // U+2581

// True if U+2581 stands at the front of the token alone, once or often.
inline bool meta_begins_only(std::string_view token) {
  for (size_t at = 1; (at = token.find(kMeta, at)) != std::string_view::npos; ++at)
    if (at < 3 || token.substr(at - 3, 3) != kMeta) return false;
  return true;
}

// Calls f(Piece) for each run of U+2581 with what follows it.
template <typename F>
void for_each_meta_word(std::string_view text, Piece piece, F&& f) {
  const std::string_view view = text.substr(0, piece.end);
  for (uint32_t start = piece.begin; start < piece.end;) {
    size_t end = start;
    while (view.substr(end, 3) == kMeta) end += 3;
    end = std::min(view.find(kMeta, end), view.size());
    f(Piece{start, uint32_t(end)});
    start = uint32_t(end);
  }
}

}  // namespace vireo::text
