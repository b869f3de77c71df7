// Normalisers, pre-tokenisers, post-processors and decoders.
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/scanners.h"
#include "text/tokenizer/stages.h"

namespace vireo::text {
namespace {

Pattern read_pattern(const Json& json) {
  const Json pattern = json.at("pattern");
  if (pattern.element().is_string()) return {std::string(pattern.text()), nullptr};
  if (auto regex = pattern.find("Regex")) return {"", std::make_shared<const Regex>(regex->text())};
  return {pattern.text("String"), nullptr};
}

Behavior read_behavior(const Json& json, std::string_view fallback) {
  const std::string name = json.text("behavior", fallback);
  if (name == "Removed") return Behavior::Removed;
  if (name == "Isolated") return Behavior::Isolated;
  if (name == "MergedWithPrevious") return Behavior::MergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::MergedWithNext;
  if (name == "Contiguous") return Behavior::Contiguous;
  json.refuse(fmt::format("behavior '{}' is not known", name));
}

PrependScheme read_prepend_scheme(const Json& json) {
  const std::string name =
      json.text("prepend_scheme", json.flag("add_prefix_space", true) ? "always" : "never");
  if (name == "always") return PrependScheme::Always;
  if (name == "first") return PrependScheme::First;
  if (name == "never") return PrependScheme::Never;
  json.refuse(fmt::format("prepend_scheme '{}' is not known", name));
}

char32_t read_char(const Json& json, std::string_view key) {
  const std::string text = json.text(key);
  if (text.empty() || decode(text, 0).size != text.size())
    json.refuse(fmt::format("{} '{}' is not one character", key, text));
  return decode(text, 0).code;
}

std::string read_base64(const Json& json) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : json.text()) {
    if (c == '=') break;
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : -1;
    if (value < 0) json.refuse("is no base64");
    bits = bits << 6 | uint32_t(value);
    if ((count += 6) >= 8) out += char(bits >> (count -= 8));
  }
  return out;
}

Template read_template(const Json& json, const Json& tokens) {
  Template out;
  json.for_each([&](const Json& entry) {
    TemplatePiece piece;
    if (auto text = entry.find("Sequence")) {
      const std::string name = text->text("id");
      if (name != "A" && name != "B") text->refuse(fmt::format("id '{}' is neither A nor B", name));
      piece.text = name == "B";
      piece.type_id = uint32_t(text->number("type_id", 0));
    } else {
      const Json token = entry.at("SpecialToken");
      piece.type_id = uint32_t(token.number("type_id", 0));
      tokens.at(token.text("id")).at("ids").for_each([&](const Json& id) {
        piece.ids.push_back(read_id(id));
      });
    }
    out.push_back(std::move(piece));
  });
  return out;
}

// The number of a pair ["[SEP]", 102].
uint32_t read_pair_id(const Json& json) {
  uint32_t id = 0;
  size_t count = 0;
  json.for_each([&](const Json& entry) {
    if (count++ == 1) id = read_id(entry);
  });
  if (count != 2) json.refuse("a text and a number are needed");
  return id;
}

}  // namespace

NormalizerPtr read_normalizer(const Json& json, int depth) {
  const std::string type = json.text("type");
  if (type == "BertNormalizer") {
    BertOptions options;
    options.clean_text = json.flag("clean_text", true);
    options.handle_chinese_chars = json.flag("handle_chinese_chars", true);
    options.lowercase = json.flag("lowercase", true);
    options.strip_accents = json.flag("strip_accents", options.lowercase);
    return bert_normalizer(options);
  }
  if (type == "NFC") return unicode_normalizer(NormalForm::NFC);
  if (type == "NFD") return unicode_normalizer(NormalForm::NFD);
  if (type == "NFKC") return unicode_normalizer(NormalForm::NFKC);
  if (type == "NFKD") return unicode_normalizer(NormalForm::NFKD);
  if (type == "Lowercase") return lowercase_normalizer();
  if (type == "Strip")
    return strip_normalizer(json.flag("strip_left", true), json.flag("strip_right", true));
  if (type == "StripAccents") return strip_accents_normalizer();
  if (type == "Replace") return replace_normalizer(read_pattern(json), json.text("content"));
  if (type == "Prepend") return prepend_normalizer(json.text("prepend"));
  if (type == "Nmt") return nmt_normalizer();
  if (type == "ByteLevel") return byte_level_normalizer();
  if (type == "Precompiled")
    return precompiled_normalizer(read_base64(json.at("precompiled_charsmap")));
  if (type == "Sequence") {
    std::vector<NormalizerPtr> parts;
    read_steps(json, "normalizers", depth,
               [&](const Json& one) { parts.push_back(read_normalizer(one, depth + 1)); });
    return sequence_normalizer(std::move(parts));
  }
  refuse_type(json, type);
}

void read_pre_tokenizer(const Json& json, std::vector<PreTokenizerPtr>& out, int depth) {
  const std::string type = json.text("type");
  if (type == "Sequence") {
    read_steps(json, "pretokenizers", depth,
               [&](const Json& one) { read_pre_tokenizer(one, out, depth + 1); });
  } else if (type == "ByteLevel") {
    out.push_back(
        byte_level_cutter(json.flag("add_prefix_space", true), json.flag("use_regex", true)));
    out.push_back(byte_alphabet_mapper());
  } else if (type == "Split") {
    out.push_back(split_pre_tokenizer(read_pattern(json), read_behavior(json, ""),
                                      json.flag("invert", false)));
  } else if (type == "Metaspace") {
    out.push_back(metaspace_pre_tokenizer(to_utf8(read_char(json, "replacement")),
                                          read_prepend_scheme(json), json.flag("split", true)));
  } else if (type == "Whitespace") {
    out.push_back(whitespace_pre_tokenizer());
  } else if (type == "WhitespaceSplit") {
    out.push_back(whitespace_split_pre_tokenizer());
  } else if (type == "BertPreTokenizer") {
    out.push_back(bert_pre_tokenizer());
  } else if (type == "Punctuation") {
    out.push_back(punctuation_pre_tokenizer(read_behavior(json, "Isolated")));
  } else if (type == "Digits") {
    out.push_back(digits_pre_tokenizer(json.flag("individual_digits", false)));
  } else if (type == "CharDelimiterSplit") {
    out.push_back(char_delimiter_pre_tokenizer(read_char(json, "delimiter")));
  } else if (type == "UnicodeScripts") {
    out.push_back(unicode_scripts_pre_tokenizer());
  } else if (type == "FixedLength") {
    const uint64_t length = json.number("length", 5);
    if (length == 0) json.refuse("length must be at least 1");
    out.push_back(fixed_length_pre_tokenizer(length));
  } else {
    refuse_type(json, type);
  }
}

bool ends_in_byte_level(const Json& json, int depth) {
  const std::string type = json.text("type");
  bool last = type == "ByteLevel";
  if (type == "Sequence")
    read_steps(json, "pretokenizers", depth,
               [&](const Json& one) { last = ends_in_byte_level(one, depth + 1); });
  return last;
}

PostProcessorPtr read_post_processor(const Json& json, int depth) {
  const std::string type = json.text("type");
  if (type == "TemplateProcessing") {
    const Json tokens = json.at("special_tokens");
    return template_processor(read_template(json.at("single"), tokens),
                              read_template(json.at("pair"), tokens));
  }
  if (type == "BertProcessing")
    return bert_processor(read_pair_id(json.at("cls")), read_pair_id(json.at("sep")));
  if (type == "RobertaProcessing")
    return roberta_processor(read_pair_id(json.at("cls")), read_pair_id(json.at("sep")),
                             json.flag("trim_offsets", true), json.flag("add_prefix_space", true));
  if (type == "ByteLevel")
    return byte_level_processor(json.flag("trim_offsets", true),
                                json.flag("add_prefix_space", true));
  if (type == "Sequence") {
    std::vector<PostProcessorPtr> parts;
    read_steps(json, "processors", depth,
               [&](const Json& one) { parts.push_back(read_post_processor(one, depth + 1)); });
    return sequence_processor(std::move(parts));
  }
  refuse_type(json, type);
}

DecoderPtr read_decoder(const Json& json, BrokenBytes broken, int depth) {
  const std::string type = json.text("type");
  if (type == "ByteLevel") return byte_level_decoder();
  if (type == "ByteFallback") return byte_fallback_decoder(broken);
  if (type == "Fuse") return fuse_decoder();
  if (type == "WordPiece")
    return wordpiece_decoder(json.text("prefix", "##"), json.flag("cleanup", true));
  if (type == "Metaspace")
    return metaspace_decoder(to_utf8(read_char(json, "replacement")), read_prepend_scheme(json));
  if (type == "BPEDecoder") return bpe_decoder(json.text("suffix", "</w>"));
  if (type == "CTC")
    return ctc_decoder(json.text("pad_token", "<pad>"), json.text("word_delimiter_token", "|"),
                       json.flag("cleanup", true));
  if (type == "Replace") return replace_decoder(read_pattern(json), json.text("content"));
  if (type == "Strip")
    return strip_decoder(read_char(json, "content"), json.number("start", 0),
                         json.number("stop", 0));
  if (type == "Sequence") {
    std::vector<DecoderPtr> parts;
    read_steps(json, "decoders", depth,
               [&](const Json& one) { parts.push_back(read_decoder(one, broken, depth + 1)); });
    return sequence_decoder(std::move(parts));
  }
  refuse_type(json, type);
}

}  // namespace vireo::text
