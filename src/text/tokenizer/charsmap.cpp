// SentencePiece's compiled normaliser: a Darts double array of prefixes, whose values are places in
// a block of replacements that end in zero bytes.
#include <cstring>
#include <optional>

#include "base/support/error.h"
#include "text/tokenizer/normalizers.h"

namespace vireo::text {
namespace {

class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(std::string_view charsmap) {
    uint32_t bytes = 0;
    if (charsmap.size() >= 4) std::memcpy(&bytes, charsmap.data(), 4);
    if (charsmap.size() < 4 || bytes % 4 || bytes > charsmap.size() - 4)
      fail(ErrorCode::InvalidArgument,
           "precompiled charsmap of {} bytes says that its index has {} bytes", charsmap.size(),
           bytes);
    units_.resize(bytes / 4);
    std::memcpy(units_.data(), charsmap.data() + 4, bytes);
    replacements_.assign(charsmap.substr(4 + bytes));
    for (int c = 0; c < 128; ++c) {
      const char one = char(c);
      ascii_changes_[c] = find({&one, 1}).has_value();
    }
  }

  void apply(AlignedText& text) const override {
    if (is_ascii(text.view()) && !changes_ascii(text.view())) return;
    Rewrite rewrite(text);
    std::vector<Changed> chars;
    for (size_t at = 0; at < text.view().size();) {
      const size_t end = grapheme_end(text.view(), at);
      rewrite_grapheme(text.view().substr(at, end - at), chars);
      at = end;
    }
    transform(rewrite, text, {0, uint32_t(text.view().size())}, chars);
    rewrite.finish();
  }

 private:
  // A line feed behind a carriage return is one grapheme, so the pair is looked at as a whole.
  bool changes_ascii(std::string_view text) const {
    for (char c : text)
      if (ascii_changes_[uint8_t(c)] || c == '\r') return true;
    return false;
  }

  // The replacement of the shortest rule that the text begins with.
  std::optional<std::string_view> find(std::string_view text) const {
    size_t at = 0;
    if (units_.empty()) return std::nullopt;
    uint32_t unit = units_[0];
    at ^= offset(unit);
    for (char c : text) {
      if (c == 0) break;
      at ^= uint8_t(c);
      if (at >= units_.size()) break;
      unit = units_[at];
      if ((unit & 0x800000ffu) != uint8_t(c)) break;
      at ^= offset(unit);
      if (!(unit >> 8 & 1)) continue;
      if (at >= units_.size()) break;
      const size_t place = units_[at] & 0x7fffffffu;
      if (place >= replacements_.size()) break;
      const char* begin = replacements_.data() + place;
      return std::string_view(begin, std::strlen(begin));
    }
    return std::nullopt;
  }

  static size_t offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

  void rewrite_grapheme(std::string_view grapheme, std::vector<Changed>& out) const {
    constexpr size_t kWholeBelow = 6;  // longer graphemes are looked up by character alone
    if (grapheme.size() < kWholeBelow) {
      if (auto found = find(grapheme)) return replace(grapheme, *found, out);
    }
    for (size_t at = 0; at < grapheme.size();) {
      const Char c = decode(grapheme, at);
      const std::string_view part = grapheme.substr(at, c.size);
      if (auto found = find(part))
        replace(part, *found, out);
      else
        out.push_back({c.code, 0});
      at += c.size;
    }
  }

  static void replace(std::string_view old, std::string_view now, std::vector<Changed>& out) {
    const int old_count = int(count_chars(old));
    int count = 0;
    const std::string valid = to_valid_utf8(now);
    for (size_t at = 0; at < valid.size(); ++count) {
      const Char c = decode(valid, at);
      out.push_back({c.code, count >= old_count});
      at += c.size;
    }
    if (count < old_count && !out.empty()) out.back().change += count - old_count;
  }

  std::vector<uint32_t> units_;
  std::string replacements_;
  bool ascii_changes_[128];
};

}  // namespace

NormalizerPtr precompiled_normalizer(std::string charsmap) {
  return std::make_unique<Precompiled>(charsmap);
}

}  // namespace vireo::text
