// A template's source as text and tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vireo::jinja {

struct Token {
  enum Kind {
    Text,       // output as it stands
    BlockOpen,  // {%
    BlockClose,
    OutputOpen,  // {{
    OutputClose,
    Name,
    String,  // without quotes, escapes resolved
    Integer,
    Float,
    Operator,
    End,
  } kind;
  std::string text;
  int line;
};

// Cuts `source` as Jinja does with trim_blocks and lstrip_blocks set, which is how chat templates
// are written: the newline after a block is dropped, and so are the blanks before a block that
// begins its line; '-' and '+' beside a delimiter ask for more or for less. Comments vanish, raw
// blocks become text. Throws TemplateError with the line in its words.
std::vector<Token> tokenize(std::string_view source);

}  // namespace vireo::jinja
