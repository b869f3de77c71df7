// What Replace and Split look for: a text or a regular expression.
#pragma once

#include <memory>
#include <string>

#include "text/regex.h"

namespace vireo::text {

struct Pattern {
  std::string literal;  // used if there is no expression
  std::shared_ptr<const Regex> regex;

  // Calls found(Match) for matches from left to right that do not overlap.
  template <typename F>
  void for_each(std::string_view text, F&& found) const {
    if (regex) return regex->for_each(text, found);
    if (literal.empty()) return;
    for (size_t at = 0; (at = text.find(literal, at)) != std::string_view::npos;) {
      found(Match{at, at + literal.size()});
      at += literal.size();
    }
  }
};

}  // namespace vireo::text
