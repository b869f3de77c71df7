// The script that a character is written in.
#pragma once

namespace vireo::text {

constexpr int kAnyScript = -1;

// A number for the script; equal numbers are one script. Hiragana and Katakana count as Han; the
// blank and what is not assigned are of any script.
int script_of(char32_t c);

}  // namespace vireo::text
