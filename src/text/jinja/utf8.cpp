#include "text/jinja/utf8.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/unicode.h"
#include "text/utf8.h"

namespace vireo::jinja {
namespace {

template <typename Change>
std::string changed(std::string_view text, Change change) {
  std::string result;
  result.reserve(text.size());
  for (const std::string_view character : characters(text)) {
    const int32_t code = change(static_cast<int32_t>(code_point(character)));
    text::append(result, static_cast<char32_t>(code));
  }
  return result;
}

}  // namespace

std::vector<std::string_view> characters(std::string_view rest) {
  std::vector<std::string_view> result;
  result.reserve(rest.size());
  while (!rest.empty()) {
    const size_t size = text::decode(rest, 0).size;
    result.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return result;
}

char32_t code_point(std::string_view character) { return text::decode(character, 0).code; }

// utf8proc maps one character to one; the sharp s is the one in daily use that becomes two.
std::string upper(std::string_view text) {
  std::string result;
  for (size_t end; (end = text.find("ß")) != text.npos; text.remove_prefix(end + 2)) {
    result += changed(text.substr(0, end), utf8proc_toupper) + "SS";
  }
  return result + changed(text, utf8proc_toupper);
}
std::string lower(std::string_view text) { return changed(text, utf8proc_tolower); }

// A capital after everything that is no letter, small letters elsewhere: Python's str.title.
std::string title(std::string_view text) {
  bool in_word = false;
  return changed(text, [&](int32_t code) {
    const bool letter = text::is_in(static_cast<char32_t>(code), text::kLetter);
    const int32_t result = in_word ? utf8proc_tolower(code) : utf8proc_totitle(code);
    in_word = letter;
    return result;
  });
}

std::string capitalize(std::string_view text) {
  bool first = true;
  return changed(text, [&](int32_t code) {
    const int32_t result = first ? utf8proc_totitle(code) : utf8proc_tolower(code);
    first = false;
    return result;
  });
}

// Python counts the four separators among the controls as white space too.
bool is_space(std::string_view character) {
  const char32_t code = code_point(character);
  return (code >= 0x1c && code <= 0x1f) || text::is_in(code, text::kSpace);
}

bool is_letter(std::string_view character) {
  return text::is_in(code_point(character), text::kLetter);
}

bool is_digit(std::string_view character) {
  return text::is_in(code_point(character), text::kDigit);
}

std::string_view strip(std::string_view text, Side side, const std::string_view* set) {
  const std::vector<std::string_view> all = characters(text);
  const std::vector<std::string_view> wanted =
      set ? characters(*set) : std::vector<std::string_view>{};
  const auto drop = [&](std::string_view character) {
    if (!set) return is_space(character);
    return std::find(wanted.begin(), wanted.end(), character) != wanted.end();
  };
  size_t begin = 0, end = all.size();
  while (side != Side::Right && begin < end && drop(all[begin])) ++begin;
  while (side != Side::Left && begin < end && drop(all[end - 1])) --end;
  if (begin == end) return {};
  const char* first = all[begin].data();
  return {first, static_cast<size_t>(all[end - 1].data() + all[end - 1].size() - first)};
}

}  // namespace vireo::jinja
