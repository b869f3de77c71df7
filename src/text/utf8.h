// UTF-8: decoding, encoding and checking. What is decoded here has been checked before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vireo::text {

struct Char {
  char32_t code;
  uint32_t size;  // bytes
};

inline bool is_continuation(char c) { return (uint8_t(c) & 0xc0) == 0x80; }

// The character that starts at text[at]; the text is valid.
inline Char decode(std::string_view text, size_t at) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data() + at);
  if (p[0] < 0x80) return {p[0], 1};
  if (p[0] < 0xe0) return {char32_t((p[0] & 0x1f) << 6 | (p[1] & 0x3f)), 2};
  if (p[0] < 0xf0) return {char32_t((p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f)), 3};
  return {char32_t((p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6 | (p[3] & 0x3f)),
          4};
}

// Where the character before `at` starts; at > 0.
inline size_t previous(std::string_view text, size_t at) {
  do --at;
  while (at > 0 && is_continuation(text[at]));
  return at;
}

inline uint32_t encoded_size(char32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

void append(std::string& out, char32_t c);

size_t count_chars(std::string_view text);
std::u32string to_utf32(std::string_view text);
std::string to_utf8(char32_t c);

bool is_ascii(std::string_view text);
bool is_valid_utf8(std::string_view text);
inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD
// Each maximal part of a broken sequence becomes the replacement, as the Unicode standard
// recommends.
std::string to_valid_utf8(std::string_view text,
                          std::string_view replacement = kReplacementCharacter);
// A text of a file as it may stand in a message: valid, on one line and not long.
std::string shown(std::string_view text);

}  // namespace vireo::text
