// Numbers from text. Strict: the whole string is consumed (blanks at the ends aside), the value is
// in range, no locale. Nothing is thrown: text that is no number gives no value, and the caller
// says in its message where it stood.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vireo {

std::string_view trim(std::string_view text);

// The parts between separators, trimmed; blank text has none, "a,,b" has an empty one.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string to_lower(std::string_view text);  // ASCII only

std::optional<int64_t> parse_i64(std::string_view text);
std::optional<uint64_t> parse_u64(std::string_view text);
// "inf", "-inf" and "nan" too. A magnitude too small gives zero or a denormal, one too large no
// value.
std::optional<float> parse_f32(std::string_view text);
std::optional<double> parse_f64(std::string_view text);
// true/false, yes/no, on/off, 1/0 in any case.
std::optional<bool> parse_bool(std::string_view text);

template <typename T>
std::optional<T> parse(std::string_view text) {
  if constexpr (std::is_same_v<T, bool>) {
    return parse_bool(text);
  } else if constexpr (std::is_same_v<T, float>) {
    return parse_f32(text);
  } else if constexpr (std::is_same_v<T, double>) {
    return parse_f64(text);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(trim(text));
  } else if constexpr (std::is_signed_v<T>) {
    const std::optional<int64_t> v = parse_i64(text);
    if (!v || *v < std::numeric_limits<T>::min() || *v > std::numeric_limits<T>::max())
      return std::nullopt;
    return T(*v);
  } else {
    static_assert(std::is_unsigned_v<T>, "parse: no such type");
    const std::optional<uint64_t> v = parse_u64(text);
    if (!v || *v > std::numeric_limits<T>::max()) return std::nullopt;
    return T(*v);
  }
}

// "1, 2, 3". Blank text is the empty list; an empty part is an error.
template <typename T>
std::optional<std::vector<T>> parse_list(std::string_view text, char separator = ',') {
  std::vector<T> values;
  for (std::string_view part : split(text, separator)) {
    std::optional<T> value = parse<T>(part);
    if (!value || part.empty()) return std::nullopt;
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace vireo
