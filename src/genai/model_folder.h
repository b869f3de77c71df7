// What pipelines know of a language model besides graph and tokeniser: its configuration and its
// context.
#pragma once

#include <string>
#include <vector>

#include "vireo/genai/generation_config.h"
#include "vireo/genai/tokenizer.h"
#include "vireo/model.h"

namespace vireo::genai {

struct ModelSettings {
  GenerationConfig config;         // what counts if a call gives none
  GenerationConfig defaults;       // the model's own, its end tokens always named
  size_t context = SIZE_MAX;       // positions that the model was made for
  int64_t vocabulary = INT64_MAX;  // tokens that it knows

  ModelSettings() = default;
  // A configuration, and the tokeniser's end token if that names none.
  ModelSettings(const GenerationConfig& given, const Tokenizer& tokenizer);
  // Of generation_config.json and config.json in the folder of a model, or the one that its file is
  // in; any may be missing. Of a GGUF file, what it says itself.
  static ModelSettings read(const std::string& path, const Tokenizer& tokenizer);

  // With the model's end tokens where it names none.
  GenerationConfig completed(GenerationConfig given) const;
  // New tokens that a prompt may get. InvalidArgument for one that leaves no room, and for tokens
  // that there are not.
  size_t room(const std::vector<int64_t>& prompt, const GenerationConfig& how) const;
};

// The last extent of the logits; INT64_MAX if the model does not say.
int64_t vocabulary_of(const Model& model);

}  // namespace vireo::genai
