// The alphabet of byte-level vocabularies: a printable character for each byte, as GPT-2 chose
// them.
#pragma once

#include <cstdint>

namespace vireo::text {

inline constexpr char32_t kFirstShifted = 0x100;  // bytes that do not print stand at U+0100 and on
inline constexpr char32_t kAlphabetEnd = 0x144;

constexpr bool prints(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

struct ByteAlphabet {
  char32_t chars[256];
  int16_t bytes[kAlphabetEnd];  // -1: not in the alphabet

  constexpr ByteAlphabet() : chars(), bytes() {
    char32_t next = kFirstShifted;
    for (auto& byte : bytes) byte = -1;
    for (uint32_t b = 0; b < 256; ++b) {
      chars[b] = prints(b) ? char32_t(b) : next++;
      bytes[chars[b]] = int16_t(b);
    }
  }
};
inline constexpr ByteAlphabet kByteAlphabet;

inline char32_t char_of_byte(uint8_t byte) { return kByteAlphabet.chars[byte]; }
inline int byte_of_char(char32_t c) { return c < kAlphabetEnd ? kByteAlphabet.bytes[c] : -1; }

}  // namespace vireo::text
