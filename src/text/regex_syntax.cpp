// Oniguruma's regular expressions written as PCRE2's.
#include <cctype>

#include "base/support/error.h"
#include "text/regex.h"

namespace vireo::text {
namespace {

// What \s and \w hold in Oniguruma, as the inside of a class. PCRE2's own differ: its \s has
// U+180E, its \w all numbers and no marks. Oniguruma's \w is Alphabetic, marks, digits and
// connectors, and outside of a class the Latin-1 numbers too.
constexpr std::string_view kSpaces =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kWords = R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24b6}-\x{24e9})"
                                    R"(\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})";
constexpr std::string_view kLatinNumbers = R"(\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";
constexpr std::string_view kPunctuation = R"(\p{P}\p{S})";  // [:punct:]; PCRE2's has few symbols
constexpr std::string_view kHex = "0-9A-Fa-f";
constexpr int kDeepest = 50;

// What stands between two && of a class: flat members as PCRE2 writes them between brackets, and
// expressions of one character for the classes within the class, which PCRE2 lacks.
struct Operand {
  std::string members;
  std::vector<std::string> nested;

  bool flat() const { return nested.empty() && !members.empty(); }

  std::string text() const {
    std::string any = members.empty() ? "" : "[" + members + "]";
    for (const std::string& one : nested) any += (any.empty() ? "" : "|") + one;
    return any.empty() ? "(?!)" : "(?:" + any + ")";
  }
};

std::string class_text(const std::vector<Operand>& operands, bool negated) {
  if (operands.size() == 1 && operands[0].flat())
    return (negated ? "[^" : "[") + operands[0].members + "]";
  std::string all;
  for (size_t i = 0; i + 1 < operands.size(); ++i) all += "(?=" + operands[i].text() + ")";
  all += operands.back().text();
  return negated ? "(?:(?!" + all + ")(?s:.))" : "(?:" + all + ")";
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '{' && repeats_interval()) continue;
      if (c == ')' && !groups_.empty()) {
        atom_ = groups_.back();
        groups_.pop_back();
      } else if (!is_quantifier(c)) {
        atom_ = out_.size();
      }
      if (c == '\\') {
        escape(out_);
      } else if (c == '[') {
        out_ += read_class(0);
      } else if (c == '(') {
        groups_.push_back(out_.size());
        open_group();
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  bool starts(std::string_view text) const { return in_.substr(at_, text.size()) == text; }

  [[noreturn]] void refuse(const char* what) const {
    fail(ErrorCode::InvalidArgument, "regular expression '{}': {}", in_, what);
  }

  static bool is_quantifier(char c) { return c == '*' || c == '+' || c == '?'; }

  // x{2,3}+ is (?:x{2,3})+ there, and possessive in PCRE2.
  bool repeats_interval() {
    const size_t end = in_.find('}', at_);
    if (end == std::string_view::npos) return false;
    const std::string_view interval = in_.substr(at_, end + 1 - at_);
    if (interval.find_first_not_of("{},0123456789") != std::string_view::npos) return false;
    const bool again = end + 1 < in_.size() && in_[end + 1] == '+';
    if (again) out_.insert(atom_, "(?:");
    out_ += interval;
    if (again) out_ += ')';
    at_ = end + 1;
    return true;
  }

  // (?m) lets the dot match line ends there, which is (?s) here; lines always have ends of their
  // own.
  void open_group() {
    out_ += '(';
    ++at_;
    if (!starts("?") || starts("?<")) return;
    out_ += '?';
    ++at_;
    while (at_ < in_.size() && (std::isalpha(uint8_t(in_[at_])) || in_[at_] == '-')) {
      const char c = in_[at_++];
      out_ += c == 'm' ? 's' : c;
    }
  }

  void escape(std::string& out) {
    if (at_ + 1 >= in_.size()) refuse("ends in a backslash");
    const char c = in_[at_ + 1];
    at_ += 2;
    auto braced = [&](std::string_view members, bool negated) {
      out += negated ? "[^" : "[";
      out += members;
      out += "]";
    };
    switch (c) {
      case 's': return braced(kSpaces, false);
      case 'S': return braced(kSpaces, true);
      case 'w': return braced(std::string(kWords) + std::string(kLatinNumbers), false);
      case 'W': return braced(std::string(kWords) + std::string(kLatinNumbers), true);
      case 'h': return braced(kHex, false);
      case 'H': return braced(kHex, true);
      case 'u': return unicode_escape(out);
      default: {
        out += '\\';
        out += c;
        if (!starts("{") || std::string_view("pPxogk").find(c) == std::string_view::npos) return;
        const size_t end = in_.find('}', at_);
        if (end == std::string_view::npos) refuse("an escape is not closed");
        out += in_.substr(at_, end + 1 - at_);
        at_ = end + 1;
      }
    }
  }

  void unicode_escape(std::string& out) {  // \uHHHH
    out += "\\x{";
    for (int i = 0; i < 4 && at_ < in_.size() && std::isxdigit(uint8_t(in_[at_])); ++i)
      out += in_[at_++];
    out += "}";
  }

  // An escape within a class. Negated sets have no flat form and become classes of their own.
  void class_escape(Operand& one) {
    if (at_ + 1 >= in_.size()) refuse("ends in a backslash");
    const char c = in_[at_ + 1];
    switch (c) {
      case 's': one.members += kSpaces; break;
      case 'w': one.members += kWords; break;
      case 'h': one.members += kHex; break;
      case 'S': one.nested.push_back("[^" + std::string(kSpaces) + "]"); break;
      case 'W': one.nested.push_back("[^" + std::string(kWords) + "]"); break;
      case 'H': one.nested.push_back("[^" + std::string(kHex) + "]"); break;
      case 'u':
        at_ += 2;
        unicode_escape(one.members);
        return;
      default: one.members += '\\'; one.members += c;
    }
    at_ += 2;
  }

  // From the opening bracket to behind the closing one.
  std::string read_class(int depth) {
    if (depth > kDeepest) refuse("classes within classes go too deep");
    ++at_;
    const bool negated = starts("^");
    if (negated) ++at_;
    std::vector<Operand> operands(1);
    if (starts("]")) {  // first in a class it is itself
      operands[0].members = "\\]";
      ++at_;
    }
    while (at_ < in_.size()) {
      Operand& one = operands.back();
      if (starts("]")) {
        ++at_;
        return class_text(operands, negated);
      }
      if (starts("[:")) {
        const size_t end = in_.find(":]", at_);
        if (end == std::string_view::npos) break;
        const std::string_view name = in_.substr(at_ + 2, end - at_ - 2);
        one.members += name == "punct"   ? kPunctuation
                       : name == "space" ? kSpaces
                       : name == "word"  ? kWords
                                         : in_.substr(at_, end + 2 - at_);
        at_ = end + 2;
      } else if (starts("[")) {
        one.nested.push_back(read_class(depth + 1));
      } else if (starts("&&")) {
        at_ += 2;
        operands.emplace_back();
      } else if (starts("\\")) {
        class_escape(one);
      } else {
        one.members += in_[at_++];
      }
    }
    refuse("a class is not closed");
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = 0;             // where in out_ what a quantifier would repeat begins
  std::vector<size_t> groups_;  // where the open ones begin
};

}  // namespace

std::string to_pcre(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace vireo::text
