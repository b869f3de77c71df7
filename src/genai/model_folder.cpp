#include "genai/model_folder.h"

#include <algorithm>

#include "base/io/gguf_file.h"
#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"
#include "genai/json.h"

namespace vireo::genai {
namespace {

size_t read_context(const std::string& path) {
  if (!is_file(path)) return SIZE_MAX;
  Json json = Json::parse(read_text_file(path), nullptr, false);
  if (!json.is_object()) return SIZE_MAX;
  if (const auto text = json.find("text_config"); text != json.end() && text->is_object())
    json = Json(*text);
  for (const char* name : {"max_position_embeddings", "n_positions", "max_seq_len", "seq_length"})
    if (const auto it = json.find(name); it != json.end() && it->is_number_unsigned() && *it != 0)
      return it->get<size_t>();
  return SIZE_MAX;
}

// The ends that a GGUF file names: of a text, of a turn, of a message.
GenerationConfig ends_of(const GgufFile& file) {
  GenerationConfig config;
  config.eos_token_id = file.integer("tokenizer.ggml.eos_token_id", -1);
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                          "tokenizer.ggml.eom_token_id"})
    if (file.has(key)) config.stop_token_ids.insert(file.integer(key));
  return config;
}

size_t context_of(const GgufFile& file) {
  const int64_t said = file.integer(file.text("general.architecture", "") + ".context_length", 0);
  return said > 0 ? static_cast<size_t>(said) : SIZE_MAX;
}

}  // namespace

ModelSettings::ModelSettings(const GenerationConfig& given, const Tokenizer& tokenizer)
    : defaults(given) {
  if (defaults.eos_token_id < 0) defaults.set_eos_token_id(tokenizer.get_eos_token_id());
  config = completed(given);
}

ModelSettings ModelSettings::read(const std::string& path, const Tokenizer& tokenizer) {
  if (file_extension(path) == "gguf") {
    const GgufFile file(path);
    ModelSettings settings(ends_of(file), tokenizer);
    settings.context = context_of(file);
    return settings;
  }
  const std::string folder = is_folder(path) ? path : parent_folder(path);
  const std::string file = join_path(folder, "generation_config.json");
  ModelSettings settings(is_file(file) ? GenerationConfig(file) : GenerationConfig(), tokenizer);
  settings.context = read_context(join_path(folder, "config.json"));
  return settings;
}

GenerationConfig ModelSettings::completed(GenerationConfig given) const {
  if (given.eos_token_id < 0) given.eos_token_id = defaults.eos_token_id;
  if (given.stop_token_ids.empty()) given.stop_token_ids = defaults.stop_token_ids;
  return given;
}

size_t ModelSettings::room(const std::vector<int64_t>& prompt, const GenerationConfig& how) const {
  const size_t length = prompt.size();
  for (const int64_t token : prompt)
    if (token < 0 || token >= vocabulary)
      fail(ErrorCode::InvalidArgument, "generate: token {} is none of the model's {}", token,
           vocabulary == INT64_MAX ? "vocabulary" : fmt::format("{} tokens", vocabulary));
  if (length == 0) fail(ErrorCode::InvalidArgument, "generate: a prompt has no tokens");
  if (length >= context)
    fail(ErrorCode::InvalidArgument,
         "generate: the prompt has {} tokens, but the model's context is {}: shorten it", length,
         context);
  if (how.max_new_tokens == SIZE_MAX && length >= how.max_length)
    fail(ErrorCode::InvalidArgument,
         "generate: the prompt has {} tokens, which max_length = {} leaves no room to go on from",
         length, how.max_length);
  return std::min(how.get_max_new_tokens(length), context - length);
}

int64_t vocabulary_of(const Model& model) {
  for (const Output& output : model.outputs()) {
    const PartialShape& shape = output.get_partial_shape();
    if (shape.rank().is_static() && shape.size() == 3 && shape[2].is_static())
      return int64_t(shape[2].get_length());
  }
  return INT64_MAX;
}

}  // namespace vireo::genai
