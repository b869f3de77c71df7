// Regular expressions as tokenizer.json has them (Oniguruma's syntax) and as openvino_tokenizers
// writes them (PCRE2's own), matched by PCRE2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::text {

struct Match {
  size_t begin, end;
};

// Pcre also takes texts that are no UTF-8: what is broken matches nothing. Its ^ and $ are the ends
// of the text, those of Oniguruma the ends of lines.
enum class Syntax { Oniguruma, Pcre };

// Compiled once, used by any number of threads.
class Regex {
 public:
  // InvalidArgument if it is no expression; the message shows the pattern and where it went wrong.
  explicit Regex(std::string_view pattern, Syntax syntax = Syntax::Oniguruma);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  const std::string& pattern() const { return pattern_; }

  // Calls found(Match) for matches from left to right that do not overlap. The text is valid UTF-8,
  // save for Syntax::Pcre. InvalidArgument if the expression backtracks without end on this text.
  template <typename F>
  void for_each(std::string_view text, F&& found) const {
    Cursor cursor(*this, text);
    for (Match match; cursor.next(match);) found(match);
  }
  bool found_in(std::string_view text) const;
  // The same with found(Match, Match inner): the first group of the match that is not empty, or
  // the match itself.
  template <typename F>
  void for_each_group(std::string_view text, F&& found) const {
    Cursor cursor(*this, text);
    for (Match match; cursor.next(match);) found(match, cursor.inner(match));
  }
  // The text with all matches, or the first, replaced; $1 and ${name} stand for what groups found.
  // InvalidArgument for a replacement that names no group of the expression.
  std::string replace(std::string_view text, std::string_view replacement, bool all) const;

 private:
  class Cursor {
   public:
    Cursor(const Regex& regex, std::string_view text);
    ~Cursor();
    bool next(Match& match);
    Match inner(Match match) const;  // of the match that next() found last

   private:
    const Regex& regex_;
    std::string_view text_;
    size_t at_ = 0;
    size_t last_end_ = size_t(-1);  // of a match: an empty one there does not count
    void* data_;
  };

  [[noreturn]] void give_up(std::string_view text, int error) const;

  std::string pattern_;
  const Syntax syntax_;
  void* code_ = nullptr;
};

// The pattern that finds the text itself.
std::string escaped(std::string_view text);

// Oniguruma's syntax as PCRE2's: white space, word characters and classes within classes mean other
// things there. InvalidArgument for brackets that do not close.
std::string to_pcre(std::string_view pattern);

}  // namespace vireo::text
