// The expressions that most byte-level vocabularies cut text by, as loops: the same pieces without
// a regular-expression engine.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer/aligned_text.h"

namespace vireo::text {

enum class Scan {
  Gpt2,    // contractions; letters, numbers or others behind at most one blank; blanks
  Llama3,  // any case; a sign may lead letters; numbers by three; line ends stay with signs
  Qwen2,   // the same with numbers by one
};

// GPT-2's own expression, which ByteLevel uses.
extern const std::string_view kGpt2Pattern;

// The scan that cuts as the expression does, if there is one.
std::optional<Scan> scan_of(std::string_view pattern);

// Cuts text[range) into pieces that cover it.
void scan(Scan kind, std::string_view text, Piece range, std::vector<Piece>& out);

}  // namespace vireo::text
