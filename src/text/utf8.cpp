#include "text/utf8.h"

#include <cstring>

namespace vireo::text {
namespace {

// Bytes of the well-formed character at p, or 0; then `bad` is the length of the broken part.
int well_formed(const uint8_t* p, const uint8_t* end, int& bad) {
  bad = 1;
  const uint8_t lead = *p;
  if (lead < 0x80) return 1;
  int size = 0;
  uint8_t low = 0x80, high = 0xbf;  // of the second byte
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  for (int i = 1; i < size; ++i) {
    if (p + i == end || p[i] < low || p[i] > high) return 0;
    bad = i + 1;
    low = 0x80;
    high = 0xbf;
  }
  return size;
}

}  // namespace

void append(std::string& out, char32_t c) {
  char bytes[4];
  const uint32_t size = encoded_size(c);
  if (size == 1) {
    out.push_back(char(c));
    return;
  }
  for (uint32_t i = size; --i > 0; c >>= 6) bytes[i] = char(0x80 | (c & 0x3f));
  static constexpr uint8_t kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  bytes[0] = char(kLead[size] | c);
  out.append(bytes, size);
}

size_t count_chars(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += !is_continuation(c);
  return count;
}

std::u32string to_utf32(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const Char c = decode(text, i);
    out.push_back(c.code);
    i += c.size;
  }
  return out;
}

std::string to_utf8(char32_t c) {
  std::string out;
  append(out, c);
  return out;
}

bool is_ascii(std::string_view text) {
  size_t i = 0;
  uint64_t word;
  for (; i + 8 <= text.size(); i += 8) {
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080ull) return false;
  }
  for (; i < text.size(); ++i)
    if (text[i] & 0x80) return false;
  return true;
}

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* end = p + text.size();
  uint64_t word;
  for (int bad; p < end;) {
    if (end - p >= 8) {
      std::memcpy(&word, p, 8);
      if (!(word & 0x8080808080808080ull)) {
        p += 8;
        continue;
      }
    }
    const int size = well_formed(p, end, bad);
    if (!size) return false;
    p += size;
  }
  return true;
}

std::string to_valid_utf8(std::string_view text, std::string_view replacement) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* end = p + text.size();
  std::string out;
  out.reserve(text.size());
  for (int bad; p < end;) {
    if (const int size = well_formed(p, end, bad)) {
      out.append(reinterpret_cast<const char*>(p), size_t(size));
      p += size;
    } else {
      out += replacement;
      p += bad;
    }
  }
  return out;
}

std::string shown(std::string_view text) {
  constexpr size_t kLongest = 200;
  const bool cut = text.size() > kLongest;
  std::string out = to_valid_utf8(text.substr(0, kLongest));
  for (char& c : out)
    if (uint8_t(c) < 0x20 || c == 0x7f) c = ' ';
  return cut ? out + "..." : out;
}

}  // namespace vireo::text
