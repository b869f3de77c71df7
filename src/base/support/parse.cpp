// Numbers from text, over std::from_chars.
#include "base/support/parse.h"

#include <charconv>
#include <cmath>

namespace vireo {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// from_chars refuses a plus sign; text written by others has it now and then.
std::string_view without_plus(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  return text;
}

template <typename T>
std::optional<T> integer(std::string_view text) {
  text = without_plus(text);
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename T, typename Wider>
std::optional<T> floating(std::string_view text) {
  text = without_plus(text);
  const char* const last = text.data() + text.size();
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (end != last || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc()) return value;
  // from_chars calls both ends "out of range": a wider type tells which one.
  Wider wide = 0;
  if (std::from_chars(text.data(), last, wide).ec != std::errc() || std::fabs(wide) > 1)
    return std::nullopt;
  return T(wide);
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  text = trim(text);
  if (text.empty()) return parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(trim(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return lower;
}

std::optional<int64_t> parse_i64(std::string_view text) { return integer<int64_t>(text); }
std::optional<uint64_t> parse_u64(std::string_view text) { return integer<uint64_t>(text); }
std::optional<float> parse_f32(std::string_view text) { return floating<float, double>(text); }
std::optional<double> parse_f64(std::string_view text) {
  return floating<double, long double>(text);
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = to_lower(trim(text));
  for (const char* yes : {"true", "yes", "on", "1"})
    if (word == yes) return true;
  for (const char* no : {"false", "no", "off", "0"})
    if (word == no) return false;
  return std::nullopt;
}

}  // namespace vireo
