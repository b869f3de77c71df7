// The methods of strings, lists and dictionaries that templates may call. Those that would change
// their object are refused by name, as the sandbox of the field does.
#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/value.h"

namespace vireo::jinja {

// `self.name` bound to `self`, if there is such a method.
std::optional<Value> find_method(const Value& self, std::string_view name);

// `text.format(...)` and `text % arguments`, as Python has them for strings and numbers.
std::string format_braces(const std::string& text, const Arguments& arguments);
std::string format_percent(const std::string& text, const Value& arguments);

// The parts of `text` around `separator`, at most `limit` cuts from the left (none: -1).
List split_text(std::string_view text, std::string_view separator, int64_t limit);
// The parts between runs of white space.
List split_words(std::string_view text, int64_t limit);
// Every `from` replaced by `to`, at most `limit` times (all: -1).
std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     int64_t limit);

}  // namespace vireo::jinja
