// Readers of the forms that tokenisers are stored in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text/tokenizer/tokenizer.h"

namespace vireo::text {

// All throw InvalidModel in one line for what is malformed, and NotSupported for a stage that is not known.

// The text of a tokenizer.json; `name` stands in errors.
std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view json, const std::string& name);

}  // namespace vireo::text
