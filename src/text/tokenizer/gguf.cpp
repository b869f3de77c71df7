// Tokenisers out of the metadata of GGUF files.
#include "base/support/error.h"
#include "text/tokenizer/scanners.h"
#include "text/tokenizer/scored.h"

namespace vireo::text {
namespace {

constexpr std::string_view kMeta = "\xe2\x96\x81";  // U+2581

constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";

// How the vocabularies are cut, by the names that llama.cpp's converter gives them. A pattern of ""
// is GPT-2's.
struct Pre {
  const char* name;
  enum First { kNothing, kDigits, kNfc } first;  // numbers digit by digit; composed characters
  const char* pattern;
};
constexpr Pre kPres[] = {{"default", Pre::kNothing, ""},
                         {"gpt-2", Pre::kNothing, ""},
                         {"gpt2", Pre::kNothing, ""},
                         {"phi-2", Pre::kNothing, ""},
                         {"jina-es", Pre::kNothing, ""},
                         {"jina-de", Pre::kNothing, ""},
                         {"jina-v2-es", Pre::kNothing, ""},
                         {"jina-v2-de", Pre::kNothing, ""},
                         {"mpt", Pre::kNothing, ""},
                         {"olmo", Pre::kNothing, ""},
                         {"roberta-bpe", Pre::kNothing, ""},
                         {"exaone", Pre::kNothing, ""},
                         {"smollm", Pre::kDigits, ""},
                         {"starcoder", Pre::kDigits, ""},
                         {"refact", Pre::kDigits, ""},
                         {"command-r", Pre::kDigits, ""},
                         {"codeshell", Pre::kDigits, ""},
                         {"minerva-7b", Pre::kDigits, ""},
                         {"llama3", Pre::kNothing, kLlama3},
                         {"llama-bpe", Pre::kNothing, kLlama3},
                         {"llama-v3", Pre::kNothing, kLlama3},
                         {"falcon3", Pre::kNothing, kLlama3},
                         {"dbrx", Pre::kNothing, kLlama3},
                         {"smaug-bpe", Pre::kNothing, kLlama3},
                         {"chatglm-bpe", Pre::kNothing, kLlama3},
                         {"glm4", Pre::kNothing, kLlama3},
                         {"olmo2", Pre::kNothing, kLlama3},
                         {"qwen2", Pre::kNfc, kQwen2},
                         {"deepseek-r1-qwen", Pre::kNfc, kQwen2},
                         {"stablelm2", Pre::kNothing, kQwen2},
                         {"hunyuan", Pre::kNothing, kQwen2},
                         {"megrez", Pre::kNothing, kQwen2},
                         {"tekken", Pre::kNothing, kTekken},
                         {"gpt-4o", Pre::kNothing, kGpt4o},
                         {"llama4", Pre::kNothing, kGpt4o},
                         {"bloom", Pre::kNothing, kBloom},
                         {"gpt3-finnish", Pre::kNothing, kBloom}};

void add_cutters(const std::string& pre, const std::string& name, TokenizerParts& parts) {
  std::vector<PreTokenizerPtr>& out = parts.pre_tokenizers;
  for (const Pre& one : kPres) {
    if (pre != one.name && !(pre.empty() && std::string_view(one.name) == "default")) continue;
    const bool gpt2 = *one.pattern == '\0';
    if (one.first == Pre::kNfc) parts.normalizer = unicode_normalizer(NormalForm::NFC);
    if (one.first == Pre::kDigits) out.push_back(digits_pre_tokenizer(true));
    if (!gpt2)
      out.push_back(split_pre_tokenizer({"", std::make_shared<const Regex>(one.pattern)},
                                        Behavior::Isolated, false));
    out.push_back(byte_level_cutter(false, gpt2));
    return;
  }
  fail(ErrorCode::NotSupported, "{}: pre-tokeniser '{}' is not known", name, pre);
}

std::unique_ptr<Tokenizer> make_bpe(const GgufVocab& gguf, const std::string& name) {
  BpeOptions options;
  options.vocab.reserve(gguf.tokens.size(), gguf.tokens.size() * 8);
  for (uint32_t id = 0; id < gguf.tokens.size(); ++id) options.vocab.add(gguf.tokens[id], id);
  for (const std::string& merge : gguf.merges) {
    const size_t blank = merge.find(' ', 1);  // a token may begin with a blank, of old converters
    if (blank == std::string::npos)
      fail(ErrorCode::InvalidModel, "{}: merge '{}' is not two tokens and a blank", name, merge);
    options.merges.push_back(
        make_merge(options.vocab, merge.substr(0, blank), merge.substr(blank + 1), 0));
  }
  options.ignore_merges = gguf.pre == "llama-bpe" || gguf.pre == "llama3" || gguf.pre == "llama-v3";
  TokenizerParts parts;
  add_cutters(gguf.pre, name, parts);
  parts.model = bpe_model(std::move(options), true);
  parts.added_tokens = added_tokens_of(gguf.tokens, gguf.token_type);
  parts.post_processor = bos_eos_processor(gguf.bos, gguf.eos, {gguf.add_bos, gguf.add_eos});
  parts.decoder = byte_level_decoder();
  return std::make_unique<Tokenizer>(std::move(parts));
}

// The file writes the start of a word with U+2581 and what goes on without a sign; BERT the other
// way round.
std::string bert_text(const std::string& token) {
  if (token.compare(0, kMeta.size(), kMeta) == 0) return token.substr(kMeta.size());
  return "##" + token;
}

std::unique_ptr<Tokenizer> make_bert(const GgufVocab& gguf, const std::string& name) {
  WordPieceOptions options;
  const auto type = [&](uint32_t id) {
    return id < gguf.token_type.size() ? gguf.token_type[id] : int32_t(GgufVocab::kNormal);
  };
  for (uint32_t id = 0; id < gguf.tokens.size(); ++id) {
    const bool plain = type(id) == GgufVocab::kNormal && id != gguf.unk;
    options.vocab.add(plain ? bert_text(gguf.tokens[id]) : gguf.tokens[id], id);
  }
  if (gguf.unk < gguf.tokens.size()) options.unk_token = gguf.tokens[gguf.unk];
  const uint32_t begin = gguf.cls != GgufVocab::kNone ? gguf.cls : gguf.bos;
  const uint32_t end = gguf.sep != GgufVocab::kNone ? gguf.sep : gguf.eos;
  if (begin == GgufVocab::kNone || end == GgufVocab::kNone)
    fail(ErrorCode::InvalidModel, "{}: a bert vocabulary needs its first and last token", name);
  TokenizerParts parts;
  parts.normalizer = bert_normalizer({});
  parts.pre_tokenizers.push_back(bert_pre_tokenizer());
  parts.model = wordpiece_model(std::move(options));
  parts.added_tokens = added_tokens_of(gguf.tokens, gguf.token_type);
  parts.post_processor = bert_processor(begin, end);
  parts.decoder = wordpiece_decoder("##", true);
  return std::make_unique<Tokenizer>(std::move(parts));
}

}  // namespace

std::unique_ptr<Tokenizer> make_gguf_tokenizer(const GgufVocab& gguf, const std::string& name) {
  if (gguf.tokens.empty()) fail(ErrorCode::InvalidModel, "{}: the vocabulary has no tokens", name);
  if (gguf.model == "gpt2") return make_bpe(gguf, name);
  if (gguf.model == "bert") return make_bert(gguf, name);
  if (gguf.model != "llama" && gguf.model != "t5")
    fail(ErrorCode::NotSupported, "{}: tokenizer model '{}' is none of gpt2, llama, bert, t5", name,
         gguf.model);
  ScoredVocab vocab;
  vocab.kind = gguf.model == "llama" ? ScoredVocab::Kind::Bpe : ScoredVocab::Kind::Unigram;
  vocab.pieces = gguf.tokens;
  vocab.scores = gguf.scores;
  vocab.types = gguf.token_type;
  vocab.types.resize(gguf.token_type.empty() ? gguf.tokens.size() : gguf.token_type.size(),
                     GgufVocab::kNormal);
  vocab.bos = gguf.bos;
  vocab.eos = gguf.eos;
  vocab.unk = gguf.unk;
  vocab.charsmap = gguf.precompiled_charsmap;
  vocab.add_dummy_prefix = gguf.add_space_prefix;
  vocab.remove_extra_whitespaces = gguf.remove_extra_whitespaces;
  vocab.flags = {gguf.add_bos, gguf.add_eos};
  return make_scored_tokenizer(vocab, name);
}

}  // namespace vireo::text
