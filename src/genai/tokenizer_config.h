// What the files beside tokenizer.json say of a model's text.
#pragma once

#include <string>

namespace vireo {
class GgufFile;
}

namespace vireo::genai {

struct TokenizerConfig {
  std::string bos_token, eos_token, pad_token;
  std::string padding_side;  // "left", "right" or ""
  std::string chat_template;
  bool has_type_ids = false;                          // the model has an input token_type_ids
  bool add_bos_token = false, add_eos_token = false;  // for files that do not say it themselves
};

// From tokenizer_config.json, special_tokens_map.json, chat_template.json and chat_template.jinja,
// of which any may be missing; of two that say the same thing the later counts. InvalidModel for
// one that is no JSON object.
TokenizerConfig read_tokenizer_config(const std::string& folder);
// From the tokenizer.* values of a GGUF file.
TokenizerConfig read_tokenizer_config(const GgufFile& file);

}  // namespace vireo::genai
