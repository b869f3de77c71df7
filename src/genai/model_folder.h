// What a language model's folder says besides graph and tokeniser.
#pragma once

#include <string>

#include "vireo/genai/generation_config.h"

namespace vireo::genai {

// Of generation_config.json; the defaults if there is none.
GenerationConfig read_generation_config(const std::string& folder);

// Positions that the model was made for, by config.json; SIZE_MAX if it does not say.
size_t read_context_length(const std::string& folder);

}  // namespace vireo::genai
