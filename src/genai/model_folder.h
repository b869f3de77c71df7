// What pipelines know of a language model besides graph and tokeniser: its configuration and its
// context.
#pragma once

#include <string>

#include "vireo/genai/generation_config.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

struct ModelSettings {
  GenerationConfig config;    // what counts if a call gives none
  GenerationConfig defaults;  // the model's own, its end tokens always named
  size_t context = SIZE_MAX;  // positions that the model was made for

  ModelSettings() = default;
  // A configuration, and the tokeniser's end token if that names none.
  ModelSettings(const GenerationConfig& given, const Tokenizer& tokenizer);
  // Of generation_config.json and config.json in the folder of a model, or the one that its file is
  // in; any may be missing. Of a GGUF file, what it says itself.
  static ModelSettings read(const std::string& path, const Tokenizer& tokenizer);

  // With the model's end tokens where it names none.
  GenerationConfig completed(GenerationConfig given) const;
  // New tokens that a prompt may get. InvalidArgument for one that leaves no room.
  size_t room(size_t prompt_length, const GenerationConfig& how) const;
};

}  // namespace vireo::genai
