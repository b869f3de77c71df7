#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <mutex>

#include "text/utf8.h"

namespace vireo::text {
namespace {

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_chinese(char32_t c) {
  static constexpr char32_t kBlocks[][2] = {
      {0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
      {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf}, {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
  for (auto [first, last] : kBlocks)
    if (c >= first && c <= last) return true;
  return false;
}

// Symbols that are Alphabetic: letters in circles, squares and parentheses.
bool is_enclosed_letter(char32_t c) {
  return (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) ||
         (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
}

// Characters of Unicode 15.1 and 16, which utf8proc's tables are too old for and Oniguruma's are
// not.
struct Newer {
  char32_t first, last;
  unsigned sets;
};
constexpr Newer kNewer[] = {{0x897, 0x897, kMark | kWord},
                            {0x1c89, 0x1c8a, kLetter | kWord},
                            {0xa7cb, 0xa7cd, kLetter | kWord},
                            {0xa7da, 0xa7dc, kLetter | kWord},
                            {0x105c0, 0x105f3, kLetter | kWord},
                            {0x10d40, 0x10d49, kNumber | kDigit | kWord},
                            {0x10d4a, 0x10d65, kLetter | kWord},
                            {0x10d69, 0x10d6d, kMark | kWord},
                            {0x10d6f, 0x10d85, kLetter | kWord},
                            {0x10ec2, 0x10ec4, kLetter | kWord},
                            {0x10efc, 0x10efc, kMark | kWord},
                            {0x11380, 0x11389, kLetter | kWord},
                            {0x1138b, 0x1138b, kLetter | kWord},
                            {0x1138e, 0x1138e, kLetter | kWord},
                            {0x11390, 0x113b5, kLetter | kWord},
                            {0x113b7, 0x113b7, kLetter | kWord},
                            {0x113b8, 0x113c0, kMark | kWord},
                            {0x113c2, 0x113c2, kMark | kWord},
                            {0x113c5, 0x113c5, kMark | kWord},
                            {0x113c7, 0x113ca, kMark | kWord},
                            {0x113cc, 0x113d0, kMark | kWord},
                            {0x113d1, 0x113d1, kLetter | kWord},
                            {0x113d2, 0x113d2, kMark | kWord},
                            {0x113d3, 0x113d3, kLetter | kWord},
                            {0x113e1, 0x113e2, kMark | kWord},
                            {0x116d0, 0x116e3, kNumber | kDigit | kWord},
                            {0x11bc0, 0x11be0, kLetter | kWord},
                            {0x11bf0, 0x11bf9, kNumber | kDigit | kWord},
                            {0x11f5a, 0x11f5a, kMark | kWord},
                            {0x13460, 0x143fa, kLetter | kWord},
                            {0x16100, 0x1611d, kLetter | kWord},
                            {0x1611e, 0x1612f, kMark | kWord},
                            {0x16130, 0x16139, kNumber | kDigit | kWord},
                            {0x16d40, 0x16d6c, kLetter | kWord},
                            {0x16d70, 0x16d79, kNumber | kDigit | kWord},
                            {0x18cff, 0x18cff, kLetter | kWord},
                            {0x1ccf0, 0x1ccf9, kNumber | kDigit | kWord},
                            {0x1e5d0, 0x1e5ed, kLetter | kWord},
                            {0x1e5ee, 0x1e5ef, kMark | kWord},
                            {0x1e5f0, 0x1e5f0, kLetter | kWord},
                            {0x1e5f1, 0x1e5fa, kNumber | kDigit | kWord},
                            {0x2ebf0, 0x2ee5d, kLetter | kWord}};

unsigned newer_sets(char32_t c) {
  const Newer* found =
      std::lower_bound(std::begin(kNewer), std::end(kNewer), c,
                       [](const Newer& one, char32_t at) { return one.last < at; });
  return found != std::end(kNewer) && c >= found->first ? found->sets : 0;
}

// Their decompositions are newer than the tables that Hugging Face's tokenizers go by.
bool stays_whole(char32_t c) { return c == 0x32ff || c == 0x11938 || c == 0x1f16c; }

int combining_class(char32_t c) {
  return c < 0x300 ? 0 : utf8proc_get_property(utf8proc_int32_t(c))->combining_class;
}

// The composition of two characters, or 0.
char32_t compose(char32_t a, char32_t b) {
  if (b < 0x300) return 0;
  utf8proc_int32_t pair[2] = {utf8proc_int32_t(a), utf8proc_int32_t(b)};
  const auto options = utf8proc_option_t(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  return utf8proc_normalize_utf32(pair, 2, options) == 1 ? char32_t(pair[0]) : 0;
}

void decompose(std::string_view text, bool compatible, std::vector<Changed>& out) {
  const auto options =
      utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  utf8proc_int32_t parts[32];
  for (size_t at = 0; at < text.size();) {
    const Char c = decode(text, at);
    at += c.size;
    if (c.code < 0xa0 || stays_whole(c.code)) {
      out.push_back({c.code, 0});
      continue;
    }
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(utf8proc_int32_t(c.code), parts, 32, options, &boundary);
    if (count <= 0 || count > 32) {
      out.push_back({c.code, 0});
      continue;
    }
    for (utf8proc_ssize_t i = 0; i < count; ++i) out.push_back({char32_t(parts[i]), i > 0});
  }
}

// Canonical order: runs of marks sorted by class, equal classes staying in order.
void sort_marks(std::vector<Changed>& chars) {
  for (size_t i = 0; i < chars.size();) {
    if (combining_class(chars[i].code) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < chars.size() && combining_class(chars[end].code) != 0) ++end;
    std::stable_sort(chars.begin() + i, chars.begin() + end,
                     [](const Changed& a, const Changed& b) {
                       return combining_class(a.code) < combining_class(b.code);
                     });
    i = end;
  }
}

// Canonical composition in place; a composed character stands for all that went into it.
void recompose(std::vector<Changed>& chars) {
  constexpr size_t kNone = size_t(-1);
  size_t size = 0, starter = kNone;
  int last_class = -1;  // of what stands between the starter and here; -1: nothing
  for (const Changed next : chars) {
    const int cls = combining_class(next.code);
    if (starter != kNone && last_class < cls) {
      if (const char32_t whole = compose(chars[starter].code, next.code)) {
        chars[starter] = {whole, chars[starter].change + next.change - 1};
        continue;
      }
    }
    if (cls == 0) {
      starter = size;
      last_class = -1;
    } else {
      last_class = cls;
    }
    chars[size++] = next;
  }
  chars.resize(size);
}

}  // namespace

namespace detail {

std::atomic<const uint16_t*> bmp{nullptr};

const uint16_t* make_bmp() {
  static const uint16_t* const table = [] {
    auto* sets = new uint16_t[0x10000];  // for the life of the process
    for (char32_t c = 0; c < 0x10000; ++c) sets[c] = sets_of(c);
    return sets;
  }();
  bmp.store(table, std::memory_order_release);
  return table;
}

uint16_t sets_of(char32_t c) {
  unsigned sets = (is_white_space(c) ? kSpace : 0) | (is_chinese(c) ? kChinese : 0);
  if (c == 0x200c || c == 0x200d || is_enclosed_letter(c)) sets |= kWord;
  switch (utf8proc_category(utf8proc_int32_t(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return uint16_t(sets | kLetter | kWord);
    case UTF8PROC_CATEGORY_MN: return uint16_t(sets | kMark | kNonspacingMark | kWord);
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return uint16_t(sets | kMark | kWord);
    case UTF8PROC_CATEGORY_ND: return uint16_t(sets | kNumber | kDigit | kWord);
    case UTF8PROC_CATEGORY_NL: return uint16_t(sets | kNumber | kWord);
    case UTF8PROC_CATEGORY_NO: return uint16_t(sets | kNumber);
    case UTF8PROC_CATEGORY_PC: return uint16_t(sets | kPunctuation | kWord);
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return uint16_t(sets | kPunctuation);
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: return uint16_t(sets | kOther);
    default: return uint16_t(sets | newer_sets(c));
  }
}

}  // namespace detail

LowerCase to_lower(char32_t c) {
  if (c == 0x130) return {{'i', 0x307}, 2};  // the only character whose lower case is longer
  return {{char32_t(utf8proc_tolower(utf8proc_int32_t(c)))}, 1};
}

void normalize(std::string_view text, NormalForm form, std::vector<Changed>& out) {
  out.clear();
  decompose(text, form == NormalForm::NFKC || form == NormalForm::NFKD, out);
  sort_marks(out);
  if (form == NormalForm::NFC || form == NormalForm::NFKC) recompose(out);
}

bool is_surely_normal(std::string_view text, NormalForm form) {
  if (is_ascii(text)) return true;
  if (form != NormalForm::NFC) return false;
  for (size_t at = 0; at < text.size();) {
    const Char c = decode(text, at);
    at += c.size;
    const bool sure =
        c.code < 0x300 || (c.code >= 0x400 && c.code < 0x483) ||
        (c.code >= 0x2010 && c.code < 0x2028) || (c.code >= 0x3001 && c.code < 0x302a) ||
        (c.code >= 0x3041 && c.code < 0x3097) || (c.code >= 0x30a1 && c.code < 0x30fb) ||
        (c.code >= 0x4e00 && c.code < 0xa000) || (c.code >= 0xac00 && c.code < 0xd7a4) ||
        (c.code >= 0xff01 && c.code < 0xff5f) || (c.code >= 0x1f300 && c.code < 0x1fa00);
    if (!sure) return false;
  }
  return true;
}

size_t grapheme_end(std::string_view text, size_t at) {
  Char before = decode(text, at);
  at += before.size;
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    const Char next = decode(text, at);
    if (utf8proc_grapheme_break_stateful(utf8proc_int32_t(before.code), utf8proc_int32_t(next.code),
                                         &state))
      break;
    at += next.size;
    before = next;
  }
  return at;
}

}  // namespace vireo::text
