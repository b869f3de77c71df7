#include "genai/tokenizer_config.h"

#include <optional>

#include "base/io/gguf_file.h"
#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "text/json.h"

namespace vireo::genai {
namespace {

using text::Json;

std::optional<std::string> read_if_there(const std::string& path) {
  if (!is_file(path)) return std::nullopt;
  return read_text_file(path);
}

template <typename F>
void with_json(const std::string& path, F&& f) {
  const auto content = read_if_there(path);
  if (!content) return;
  text::JsonDocument document(*content, path);
  f(document.root());
}

// A special token is a text or an object with its content.
void read_token(const Json& json, std::string_view key, std::string& out) {
  const auto field = json.find(key);
  if (!field) return;
  out = field->is_text() ? std::string(field->text()) : field->text("content", out);
}

void read_tokens(const Json& json, TokenizerConfig& config) {
  read_token(json, "bos_token", config.bos_token);
  read_token(json, "eos_token", config.eos_token);
  read_token(json, "pad_token", config.pad_token);
}

// A template, or a list of named ones of which "default" is meant.
void read_template(const Json& json, std::string& out) {
  const auto field = json.find("chat_template");
  if (!field) return;
  if (field->is_text()) {
    out = field->text();
    return;
  }
  field->for_each([&](const Json& one) {
    if (one.text("name", "default") == "default") out = one.text("template", out);
  });
}

}  // namespace

TokenizerConfig read_tokenizer_config(const std::string& folder) {
  TokenizerConfig config;
  with_json(join_path(folder, "special_tokens_map.json"),
            [&](const Json& json) { read_tokens(json, config); });
  with_json(join_path(folder, "tokenizer_config.json"), [&](const Json& json) {
    read_tokens(json, config);
    config.padding_side = json.text("padding_side", "");
    read_template(json, config.chat_template);
    config.add_bos_token = json.flag("add_bos_token", false);
    config.add_eos_token = json.flag("add_eos_token", false);
    if (const auto names = json.find("model_input_names"))
      names->for_each(
          [&](const Json& name) { config.has_type_ids |= name.text() == "token_type_ids"; });
  });
  with_json(join_path(folder, "chat_template.json"),
            [&](const Json& json) { read_template(json, config.chat_template); });
  if (auto content = read_if_there(join_path(folder, "chat_template.jinja")))
    config.chat_template = std::move(*content);
  return config;
}

TokenizerConfig read_tokenizer_config(const GgufFile& file) {
  const std::vector<std::string_view> tokens = file.texts("tokenizer.ggml.tokens");
  const auto token = [&](const char* key) {
    const int64_t id = file.integer(key, -1);
    const bool there = id >= 0 && id < static_cast<int64_t>(tokens.size());
    return there ? std::string(tokens[static_cast<size_t>(id)]) : std::string();
  };
  TokenizerConfig config;
  config.bos_token = token("tokenizer.ggml.bos_token_id");
  config.eos_token = token("tokenizer.ggml.eos_token_id");
  config.pad_token = token("tokenizer.ggml.padding_token_id");
  config.chat_template = file.text("tokenizer.chat_template", "");
  return config;
}

}  // namespace vireo::genai
