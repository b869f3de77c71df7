// The model of tokenizer.json.
#include "text/tokenizer/stages.h"

namespace vireo::text {
namespace {

Vocab read_vocab(const Json& json) {
  simdjson::dom::object entries;
  if (json.element().get(entries)) json.refuse("an object of texts and numbers is needed");
  Vocab vocab;
  vocab.reserve(entries.size(), entries.size() * 8);
  for (const auto [text, value] : entries) {
    uint64_t id = 0;
    if (value.get(id) || id >= Vocab::kMostIds)
      json.refuse(fmt::format("token '{}' has no number below {}", text, Vocab::kMostIds));
    vocab.add(text, uint32_t(id));
  }
  return vocab;
}

// "left right", or ["left", "right"].
Merge read_merge(const Json& json, const Vocab& vocab, size_t prefix_size) {
  if (json.element().is_string()) {
    const std::string_view text = json.text();
    const size_t blank = text.find(' ');
    if (blank == std::string_view::npos || text.find(' ', blank + 1) != std::string_view::npos)
      json.refuse(fmt::format("'{}' is not two tokens and a blank", text));
    return make_merge(vocab, text.substr(0, blank), text.substr(blank + 1), prefix_size);
  }
  std::string_view sides[2];
  size_t count = 0;
  json.for_each([&](const Json& side) {
    if (count < 2) sides[count] = side.text();
    ++count;
  });
  if (count != 2) json.refuse("a merge has two tokens");
  return make_merge(vocab, sides[0], sides[1], prefix_size);
}

ModelPtr read_bpe(const Json& json, bool byte_level) {
  BpeOptions options;
  options.vocab = read_vocab(json.at("vocab"));
  options.unk_token = json.text("unk_token", "");
  options.continuing_subword_prefix = json.text("continuing_subword_prefix", "");
  options.end_of_word_suffix = json.text("end_of_word_suffix", "");
  options.fuse_unk = json.flag("fuse_unk", false);
  options.byte_fallback = json.flag("byte_fallback", false);
  options.ignore_merges = json.flag("ignore_merges", false);
  json.at("merges").for_each([&](const Json& merge) {
    options.merges.push_back(
        read_merge(merge, options.vocab, options.continuing_subword_prefix.size()));
  });
  // Affixes and byte tokens are written in the byte alphabet: then the words must be too.
  const bool plain = options.continuing_subword_prefix.empty() &&
                     options.end_of_word_suffix.empty() && !options.byte_fallback;
  return bpe_model(std::move(options), byte_level && plain);
}

ModelPtr read_wordpiece(const Json& json) {
  WordPieceOptions options;
  options.vocab = read_vocab(json.at("vocab"));
  options.unk_token = json.text("unk_token", "[UNK]");
  options.continuing_subword_prefix = json.text("continuing_subword_prefix", "##");
  options.max_input_chars_per_word = json.number("max_input_chars_per_word", 100);
  return wordpiece_model(std::move(options));
}

ModelPtr read_unigram(const Json& json) {
  UnigramOptions options;
  json.at("vocab").for_each([&](const Json& entry) {
    size_t count = 0;
    entry.for_each([&](const Json& field) {
      double score = 0;
      if (count == 0)
        options.vocab.add(field.text(), uint32_t(options.scores.size()));
      else if (field.element().get(score))
        field.refuse("a number is needed");
      else
        options.scores.push_back(score);
      ++count;
    });
    if (count != 2) entry.refuse("a text and a score are needed");
  });
  if (auto unk = json.find("unk_id")) {
    options.unk_id = read_id(*unk);
    if (options.unk_id >= options.scores.size())
      unk->refuse(
          fmt::format("{} is no token: there are {}", options.unk_id, options.scores.size()));
  }
  options.byte_fallback = json.flag("byte_fallback", false);
  return unigram_model(std::move(options));
}

// Old files do not say what their model is.
std::string type_of(const Json& json) {
  if (auto type = json.find("type")) return std::string(type->text());
  if (json.find("merges")) return "BPE";
  if (json.at("vocab").element().is_array()) return "Unigram";
  return json.find("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

}  // namespace

ModelPtr read_model(const Json& json, bool byte_level) {
  const std::string type = type_of(json);
  if (type == "BPE") return read_bpe(json, byte_level);
  if (type == "WordPiece") return read_wordpiece(json);
  if (type == "Unigram") return read_unigram(json);
  if (type == "WordLevel")
    return word_level_model(read_vocab(json.at("vocab")), json.text("unk_token", "<unk>"));
  refuse_type(json, type);
}

}  // namespace vireo::text
