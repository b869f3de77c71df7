#include "genai/sampling/stop_text.h"

#include <algorithm>

namespace vireo::genai {
namespace {

constexpr std::string_view kBroken = "\xef\xbf\xbd";

}  // namespace

struct StopText::Window {
  std::vector<int64_t> tokens;
  std::string text;
  size_t whole = 0;  // bytes of the text before what may be a character that is not complete
};

// A token has a byte of text or more, but for special ones and the first bytes of a character.
StopText::StopText(Tokenizer tokenizer, std::set<std::string> texts, bool included)
    : tokenizer_(std::move(tokenizer)), texts_(std::move(texts)), included_(included) {
  for (const std::string& text : texts_) width_ = std::max(width_, text.size() + 4);
}

StopText::Window StopText::window(span<const int64_t> output) const {
  const size_t count = std::min(width_, output.size());
  Window window;
  window.tokens.assign(output.end() - count, output.end());
  window.text = tokenizer_.decode(window.tokens);
  window.whole = window.text.size();
  while (window.whole >= kBroken.size() &&
         window.text.compare(window.whole - kBroken.size(), kBroken.size(), kBroken) == 0)
    window.whole -= kBroken.size();
  return window;
}

StopText::Match StopText::find(span<const int64_t> output) const {
  Match match;
  if (texts_.empty() || output.empty()) return match;
  const Window last = window(output);
  size_t place = std::string::npos, length = 0;
  for (const std::string& text : texts_) {
    const size_t at = last.text.find(text);
    if (at >= place || at + text.size() > last.whole) continue;  // not there, or behind another one
    place = at;
    length = text.size();
  }
  if (place == std::string::npos) return match;
  match.found = true;
  if (included_)
    place += length;
  else
    while (place > 0 && (last.text[place - 1] == ' ' || last.text[place - 1] == '\n')) --place;
  match.dropped_tokens = tokens_behind(last, place, match.dropped_bytes);
  return match;
}

size_t StopText::held_back(span<const int64_t> output) const {
  if (texts_.empty() || output.empty()) return 0;
  const Window last = window(output);
  const std::string& all = last.text;
  size_t place = last.whole;
  for (const std::string& text : texts_) {
    const size_t longest = std::min(text.size() - 1, last.whole);
    for (size_t n = longest; n > last.whole - place; --n)
      if (all.compare(last.whole - n, n, text, 0, n) == 0) place = last.whole - n;
  }
  while (place > 0 && (all[place - 1] == ' ' || all[place - 1] == '\n')) --place;
  if (place == all.size()) return 0;
  size_t bytes = 0;
  const size_t behind = tokens_behind(last, place, bytes);
  return behind + (bytes > 0 ? 1 : 0);
}

// The fewest tokens whose text reaches the place; `bytes` is what they say beyond it.
size_t StopText::tokens_behind(const Window& window, size_t place, size_t& bytes) const {
  size_t low = 0, high = window.tokens.size();  // the text grows with the tokens
  std::vector<int64_t> part;
  const auto length = [&](size_t count) {
    part.assign(window.tokens.begin(), window.tokens.begin() + std::ptrdiff_t(count));
    return count == window.tokens.size() ? window.text.size() : tokenizer_.decode(part).size();
  };
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (length(middle) >= place)
      high = middle;
    else
      low = middle + 1;
  }
  const size_t reached = length(low);
  bytes = reached - std::min(reached, place);
  return window.tokens.size() - low;
}

}  // namespace vireo::genai
