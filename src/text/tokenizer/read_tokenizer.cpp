// tokenizer.json as a whole.
#include "text/tokenizer/read.h"
#include "text/tokenizer/stages.h"

namespace vireo::text {
namespace {

Side read_side(const Json& json) {
  const std::string name = json.text("direction", "Right");
  if (name != "Right" && name != "Left")
    json.refuse(fmt::format("direction '{}' is neither Right nor Left", name));
  return name == "Right" ? Side::Right : Side::Left;
}

std::vector<AddedToken> read_added_tokens(const Json& json, const Vocab& vocab) {
  std::vector<AddedToken> tokens;
  json.for_each([&](const Json& entry) {
    AddedToken token;
    token.content = entry.text("content");
    token.id = read_id(entry.at("id"));
    token.single_word = entry.flag("single_word", false);
    token.lstrip = entry.flag("lstrip", false);
    token.rstrip = entry.flag("rstrip", false);
    token.special = entry.flag("special", false);
    token.normalized = entry.flag("normalized", !token.special);
    if (token.content.empty()) return;
    const uint32_t known = vocab.find(token.content);  // the model's number counts
    if (known != Vocab::kNone) token.id = known;
    tokens.push_back(std::move(token));
  });
  return tokens;
}

TokenizerParts read_parts(const Json& json, BrokenBytes broken) {
  TokenizerParts parts;
  bool byte_level = false;
  if (auto one = json.find("normalizer")) parts.normalizer = read_normalizer(*one);
  if (auto one = json.find("pre_tokenizer")) {
    read_pre_tokenizer(*one, parts.pre_tokenizers);
    byte_level = ends_in_byte_level(*one);
  }
  parts.model = read_model(json.at("model"), byte_level);
  if (parts.model->reads_bytes()) parts.pre_tokenizers.pop_back();  // the byte alphabet
  if (auto one = json.find("post_processor")) parts.post_processor = read_post_processor(*one);
  if (auto one = json.find("decoder")) parts.decoder = read_decoder(*one, broken);
  if (auto one = json.find("added_tokens"))
    parts.added_tokens = read_added_tokens(*one, parts.model->vocab());
  if (auto one = json.find("truncation")) parts.truncation = read_truncation(*one);
  if (auto one = json.find("padding")) parts.padding = read_padding(*one);
  return parts;
}

}  // namespace

Truncation read_truncation(const Json& json) {
  using Strategy = Truncation::Strategy;
  const std::string name = json.text("strategy", "LongestFirst");
  if (name != "LongestFirst" && name != "OnlyFirst" && name != "OnlySecond")
    json.refuse(fmt::format("strategy '{}' is not known", name));
  return {json.number("max_length", 512),
          name == "OnlyFirst"    ? Strategy::OnlyFirst
          : name == "OnlySecond" ? Strategy::OnlySecond
                                 : Strategy::LongestFirst,
          json.number("stride", 0), read_side(json)};
}

Padding read_padding(const Json& json) {
  Padding padding;
  const auto strategy = json.find("strategy");
  if (strategy && strategy->element().is_object()) padding.length = strategy->number("Fixed");
  padding.multiple = json.number("pad_to_multiple_of", 0);
  if (auto id = json.find("pad_id")) padding.pad_id = read_id(*id);
  padding.pad_type_id = uint32_t(json.number("pad_type_id", 0));
  padding.pad_token = json.text("pad_token", "[PAD]");
  padding.side = read_side(json);
  return padding;
}

std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view json, const std::string& name,
                                               BrokenBytes broken) {
  const JsonDocument document(json, name);
  return std::make_unique<Tokenizer>(read_parts(document.root(), broken));
}

}  // namespace vireo::text
