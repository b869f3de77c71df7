// Characters of a string: Python counts, slices and strips by them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::jinja {

// One entry per character of valid UTF-8.
std::vector<std::string_view> characters(std::string_view text);
char32_t code_point(std::string_view character);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);
std::string capitalize(std::string_view text);

bool is_space(std::string_view character);
bool is_letter(std::string_view character);
bool is_digit(std::string_view character);

enum class Side { Left, Right, Both };
// Without the characters of `set` at the ends; white space where no set is given.
std::string_view strip(std::string_view text, Side side, const std::string_view* set = nullptr);

}  // namespace vireo::jinja
