#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>

#include "text/jinja/value.h"
#include "text/utf8.h"

namespace vireo::jinja {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\v\f";

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

std::string with_plain_newlines(std::string_view source) {
  std::string result;
  result.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      result += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      result += source[i];
    }
  }
  if (!result.empty() && result.back() == '\n') result.pop_back();
  return result;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) next_part();
    add(Token::End, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void stop(const std::string& what) const {
    fail("line " + std::to_string(line_) + ": " + what);
  }

  bool sees(std::string_view text) const { return source_.compare(at_, text.size(), text) == 0; }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  void add(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), line_});
  }

  std::string_view advance(size_t size) {
    const std::string_view passed = source_.substr(at_, size);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    at_ += passed.size();
    return passed;
  }

  void skip_blanks() {
    const size_t end = std::min(source_.find_first_not_of(kBlanks, at_), source_.size());
    advance(end - at_);
  }

  // The text before the next delimiter, and what the delimiter opens.
  void next_part() {
    size_t open = at_;
    do {
      open = source_.find('{', open);
      if (open == source_.npos || open + 1 >= source_.size()) {
        add(Token::Text, std::string(advance(source_.size() - at_)));
        return;
      }
    } while (std::string_view("{%#").find(source_[open + 1]) == std::string_view::npos && ++open);
    const char kind = source_[open + 1];
    const char sign = open + 2 < source_.size() ? source_[open + 2] : '\0';
    add_text(source_.substr(at_, open - at_), kind, sign);
    advance(open - at_ + 2);
    if (sign == '-' || sign == '+') advance(1);
    if (kind == '#') {
      comment();
    } else if (kind == '{') {
      inside(Token::OutputOpen, Token::OutputClose, "}}");
    } else if (!raw_block()) {
      inside(Token::BlockOpen, Token::BlockClose, "%}");
    }
  }

  void add_text(std::string_view text, char kind, char sign) {
    if (sign == '-') {
      const size_t last = text.find_last_not_of(kBlanks);
      text = text.substr(0, last == text.npos ? 0 : last + 1);
    } else if (sign != '+' && kind != '{') {
      const size_t line = text.rfind('\n');
      const size_t begin = line == text.npos ? 0 : line + 1;
      const bool blank = text.find_first_not_of(kBlanks, begin) == text.npos;
      if (blank && (begin > 0 || line_starts_)) text = text.substr(0, begin);
    }
    if (!text.empty()) add(Token::Text, std::string(text));
  }

  // Passes a closing delimiter if one is here; what follows it is trimmed as its sign says.
  bool close(std::string_view delimiter, bool trims_newline) {
    const bool minus = peek() == '-', plus = peek() == '+' && trims_newline;
    if (source_.compare(at_ + (minus || plus), delimiter.size(), delimiter) != 0) return false;
    const size_t begin = at_;
    advance(delimiter.size() + (minus || plus));
    if (minus) skip_blanks();
    if (!minus && !plus && trims_newline && peek() == '\n') advance(1);
    line_starts_ = at_ > begin && source_[at_ - 1] == '\n';
    return true;
  }

  void comment() {
    const int begin = line_;
    while (at_ < source_.size()) {
      if (close("#}", true)) return;
      advance(1);
    }
    line_ = begin;
    stop("a comment is never closed");
  }

  bool raw_block() {
    const size_t at = at_;
    const int line = line_;
    skip_blanks();
    if (sees("raw")) {
      advance(3);
      skip_blanks();
      if (close("%}", false)) {
        raw_text();
        return true;
      }
    }
    at_ = at;
    line_ = line;
    return false;
  }

  void raw_text() {
    const size_t begin = at_;
    const int line = line_;
    for (; at_ < source_.size(); advance(1)) {
      if (!sees("{%")) continue;
      const std::string_view text = source_.substr(begin, at_ - begin);
      advance(2);
      const char sign = peek();
      if (sign == '-' || sign == '+') advance(1);
      skip_blanks();
      if (!sees("endraw")) continue;
      advance(6);
      skip_blanks();
      if (!close("%}", true)) continue;
      add_text(text, '%', sign);
      return;
    }
    line_ = line;
    stop("a raw block is never closed");
  }

  void inside(Token::Kind open, Token::Kind end, std::string_view delimiter) {
    add(open, "");
    const int begin = line_;
    std::string brackets;
    while (true) {
      skip_blanks();
      if (at_ >= source_.size()) {
        line_ = begin;
        stop("a block is never closed, expected '" + std::string(delimiter) + "'");
      }
      const int line = line_;
      if (brackets.empty() && close(delimiter, end == Token::BlockClose)) {
        tokens_.push_back({end, "", line});
        return;
      }
      expression_token(brackets);
    }
  }

  void expression_token(std::string& brackets) {
    const char c = peek();
    if (is_name_start(c)) {
      size_t size = 1;
      while (is_name_part(peek(size))) ++size;
      add(Token::Name, std::string(advance(size)));
    } else if (is_digit(c)) {
      number();
    } else if (c == '"' || c == '\'') {
      string(c);
    } else {
      operator_token(brackets);
    }
  }

  void number() {
    size_t size = 0;
    const auto digits = [&] {
      while (is_digit(peek(size)) || (peek(size) == '_' && is_digit(peek(size + 1)))) ++size;
    };
    digits();
    bool real = false;
    if (peek(size) == '.' && is_digit(peek(size + 1))) {
      real = true;
      ++size;
      digits();
    }
    const char sign = peek(size + 1);
    if ((peek(size) | 0x20) == 'e' &&
        (is_digit(sign) || ((sign == '+' || sign == '-') && is_digit(peek(size + 2))))) {
      real = true;
      size += 2;
      digits();
    }
    std::string text(advance(size));
    text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
    add(real ? Token::Float : Token::Integer, std::move(text));
  }

  void string(char quote) {
    const int begin = line_;
    std::string text;
    advance(1);
    while (peek() != quote) {
      if (at_ >= source_.size()) {
        line_ = begin;
        stop("a string is never closed");
      }
      if (peek() == '\\' && at_ + 1 < source_.size()) {
        advance(1);
        escape(text);
      } else {
        text += advance(1);
      }
    }
    advance(1);
    add(Token::String, std::move(text));
  }

  void escape(std::string& text) {
    const char c = advance(1)[0];
    constexpr std::string_view kLetters = "ntrabfv0\\'\"", kMeanings("\n\t\r\a\b\f\v\0\\'\"", 11);
    const size_t known = kLetters.find(c);
    if (known != kLetters.npos) {
      text += kMeanings[known];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      hexadecimal(text, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else if (c != '\n') {
      (text += '\\') += c;
    }
  }

  void hexadecimal(std::string& out, size_t digits) {
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char c = static_cast<char>(peek() | 0x20);
      const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) stop("a string has an escape with too few hexadecimal digits");
      code = code << 4 | static_cast<uint32_t>(digit);
      advance(1);
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      stop("a string has an escape that is no character");
    }
    text::append(out, static_cast<char32_t>(code));
  }

  void operator_token(std::string& brackets) {
    static constexpr std::array<std::string_view, 6> kTwo = {"//", "**", "==", "!=", ">=", "<="};
    for (const std::string_view two : kTwo) {
      if (!sees(two)) continue;
      advance(2);
      return add(Token::Operator, std::string(two));
    }
    const char c = peek();
    if (std::string_view("+-/*%~[](){}<>=.:|,;").find(c) == std::string_view::npos) {
      stop(std::string("unexpected character '") + c + "'");
    }
    if (c == '(' || c == '[' || c == '{') brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty() || brackets.back() != c) stop(std::string("unexpected '") + c + "'");
      brackets.pop_back();
    }
    add(Token::Operator, std::string(advance(1)));
  }

  std::string_view source_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;  // the last delimiter ended a line, or nothing came yet
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  const std::string plain = with_plain_newlines(source);
  return Lexer(plain).run();
}

}  // namespace vireo::jinja
