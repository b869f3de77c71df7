#include "text/tokenizer/scanners.h"

#include <array>

namespace vireo::text {

const std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Each character is of one kind; a line end is a blank too.
enum Kind : uint8_t { kLetters = 1, kNumbers = 2, kBlanks = 4, kLineEnds = 8, kSigns = 16 };

constexpr std::array<uint8_t, 128> make_ascii_kinds() {
  std::array<uint8_t, 128> kinds{};
  for (int c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool blank = c == ' ' || (c >= 9 && c <= 13);
    kinds[c] = letter ? kLetters : c >= '0' && c <= '9' ? kNumbers : blank ? kBlanks : kSigns;
  }
  kinds['\r'] = kinds['\n'] = kBlanks | kLineEnds;
  return kinds;
}
constexpr std::array<uint8_t, 128> kAsciiKinds = make_ascii_kinds();

class Scanner {
 public:
  Scanner(std::string_view text, Piece range) : text_(text), end_(range.end) {}

  size_t gpt2(size_t at) const {
    if (text_[at] == '\'')
      if (const size_t end = contraction(at, false)) return end;
    const size_t body = at + (text_[at] == ' ');
    if (body < end_) {
      uint32_t size;
      const uint8_t kind = kind_at(body, size);
      if (!(kind & kBlanks)) return run(body + size, kind);
    }
    return blanks(at);
  }

  size_t llama3(size_t at, size_t most_digits) const {
    if (text_[at] == '\'')
      if (const size_t end = contraction(at, true)) return end;
    uint32_t size, next_size;
    const uint8_t kind = kind_at(at, size);
    if (kind == kLetters) return run(at + size, kLetters);
    if (kind == kNumbers) return digits(at + size, most_digits - 1);
    const size_t next = at + size;
    const uint8_t next_kind = next < end_ ? kind_at(next, next_size) : 0;
    if (next_kind == kLetters && !(kind & kLineEnds)) return run(next + next_size, kLetters);
    if (kind == kSigns) return line_ends(run(next, kSigns));
    if (text_[at] == ' ' && next_kind == kSigns) return line_ends(run(next + next_size, kSigns));
    return blanks_by_lines(at);
  }

 private:
  uint8_t kind_at(size_t at, uint32_t& size) const {
    const uint8_t byte = uint8_t(text_[at]);
    size = 1;
    if (byte < 0x80) return kAsciiKinds[byte];
    const Char c = decode(text_, at);
    size = c.size;
    const uint16_t sets = char_sets(c.code);
    return sets & kLetter ? kLetters : sets & kNumber ? kNumbers : sets & kSpace ? kBlanks : kSigns;
  }

  size_t run(size_t at, uint8_t kind) const {
    for (uint32_t size; at < end_ && kind_at(at, size) & kind; at += size) {
    }
    return at;
  }

  size_t digits(size_t at, size_t most) const {
    for (uint32_t size; most > 0 && at < end_ && kind_at(at, size) == kNumbers; --most) at += size;
    return at;
  }

  size_t line_ends(size_t at) const {
    while (at < end_ && (text_[at] == '\n' || text_[at] == '\r')) ++at;
    return at;
  }

  // Behind 's, 't, 're, 've, 'm, 'll or 'd, or 0. Without case the long s is an s.
  size_t contraction(size_t at, bool any_case) const {
    const auto letter = [&](size_t i) {
      if (i >= end_) return '\0';
      const char c = text_[i];
      return any_case && c >= 'A' && c <= 'Z' ? char(c + 'a' - 'A') : c;
    };
    const char first = letter(at + 1), second = letter(at + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
        (first == 'l' && second == 'l'))
      return at + 3;
    if (any_case && first == '\xc5' && second == '\xbf') return at + 3;
    return 0;
  }

  // All blanks, but the last if something else follows and there is more than one.
  size_t blanks(size_t at) const {
    const size_t end = run(at, kBlanks);
    if (end == end_) return end;
    const size_t last = previous(text_, end);
    return last > at ? last : end;
  }

  // Up to the last line end among the blanks; without one as blanks().
  size_t blanks_by_lines(size_t at) const {
    const size_t end = run(at, kBlanks);
    for (size_t i = end; i > at; --i)
      if (text_[i - 1] == '\n' || text_[i - 1] == '\r') return i;
    return blanks(at);
  }

  std::string_view text_;
  size_t end_;
};

}  // namespace

std::optional<Scan> scan_of(std::string_view pattern) {
  if (pattern == kGpt2Pattern) return Scan::Gpt2;
  if (pattern == kLlama3Pattern) return Scan::Llama3;
  if (pattern == kQwen2Pattern) return Scan::Qwen2;
  return std::nullopt;
}

void scan(Scan kind, std::string_view text, Piece range, std::vector<Piece>& out) {
  const Scanner scanner(text, range);
  for (size_t at = range.begin, end; at < range.end; at = end) {
    end = kind == Scan::Gpt2 ? scanner.gpt2(at) : scanner.llama3(at, kind == Scan::Llama3 ? 3 : 1);
    out.push_back({uint32_t(at), uint32_t(end)});
  }
}

}  // namespace vireo::text
