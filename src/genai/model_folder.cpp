#include "genai/model_folder.h"

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "genai/json.h"

namespace vireo::genai {

GenerationConfig read_generation_config(const std::string& folder) {
  const std::string path = join_path(folder, "generation_config.json");
  return is_file(path) ? GenerationConfig(path) : GenerationConfig();
}

size_t read_context_length(const std::string& folder) {
  const std::string path = join_path(folder, "config.json");
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

}  // namespace vireo::genai
