// Properties of characters and the normal forms, out of utf8proc's tables.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace vireo::text {

// Sets of characters as bits, so that one look-up answers for several.
enum CharSet : uint16_t {
  kLetter = 1 << 0,          // L
  kNumber = 1 << 1,          // N
  kDigit = 1 << 2,           // Nd
  kSpace = 1 << 3,           // White_Space
  kPunctuation = 1 << 4,     // P
  kMark = 1 << 5,            // M
  kNonspacingMark = 1 << 6,  // Mn
  kOther = 1 << 7,           // C: controls, formats, surrogates, private use; not unassigned
  kWord = 1 << 8,            // \w of UTS 18: Alphabetic, M, Nd, Pc, Join_Control
  kChinese = 1 << 9,         // the CJK blocks that BERT sets apart
};

namespace detail {
extern std::atomic<const uint16_t*> bmp;  // 65536 entries, made when first asked for
const uint16_t* make_bmp();
uint16_t sets_of(char32_t c);  // from utf8proc
}  // namespace detail

inline uint16_t char_sets(char32_t c) {
  if (c >= 0x10000) return detail::sets_of(c);
  const uint16_t* table = detail::bmp.load(std::memory_order_acquire);
  return (table ? table : detail::make_bmp())[c];
}
inline bool is_in(char32_t c, unsigned sets) { return char_sets(c) & sets; }

// The full lower-case form of one character, without context: up to three characters.
struct LowerCase {
  char32_t chars[3];
  uint32_t count;
};
LowerCase to_lower(char32_t c);

enum class NormalForm { NFC, NFD, NFKC, NFKD };

// A character of a rewritten text. `change` says how many input characters it stands for: 0 for
// one, -n for n more, 1 for none (it was inserted after what precedes it).
struct Changed {
  char32_t code;
  int change;
};
void normalize(std::string_view text, NormalForm form, std::vector<Changed>& out);
// True if the text is surely in the form already; false says nothing.
bool is_surely_normal(std::string_view text, NormalForm form);

// The end of the extended grapheme cluster that starts at text[at].
size_t grapheme_end(std::string_view text, size_t at);

}  // namespace vireo::text
