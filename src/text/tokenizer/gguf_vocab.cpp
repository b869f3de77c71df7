// Vocabularies out of GGUF files.
#include "base/io/gguf_file.h"
#include "base/support/error.h"
#include "text/tokenizer/read.h"

namespace vireo::text {
namespace {

// llama.cpp's names for them, its spelling too.
constexpr const char* kIds[] = {"bos", "eos", "unknown", "seperator", "cls"};
uint32_t GgufVocab::* const kFields[] = {&GgufVocab::bos, &GgufVocab::eos, &GgufVocab::unk,
                                         &GgufVocab::sep, &GgufVocab::cls};

std::string key(const std::string& name) { return "tokenizer.ggml." + name; }

void read_ids(const GgufFile& file, GgufVocab& vocab) {
  for (size_t i = 0; i < std::size(kIds); ++i) {
    const std::string name = key(std::string(kIds[i]) + "_token_id");
    if (!file.has(name)) continue;
    const int64_t id = file.integer(name);
    if (id < 0 || id >= static_cast<int64_t>(vocab.tokens.size())) {
      fail(ErrorCode::InvalidModel, "'{}': '{}' is {}, the vocabulary has {} tokens", file.path(),
           name, id, vocab.tokens.size());
    }
    vocab.*kFields[i] = static_cast<uint32_t>(id);
  }
}

template <typename To, typename From>
std::vector<To> per_token(const GgufFile& file, const std::string& name, const GgufVocab& vocab,
                          const std::vector<From>& values) {
  if (!values.empty() && values.size() != vocab.tokens.size()) {
    fail(ErrorCode::InvalidModel, "'{}': '{}' has {} entries, the vocabulary has {} tokens",
         file.path(), name, values.size(), vocab.tokens.size());
  }
  std::vector<To> result;
  result.reserve(values.size());
  for (const From value : values) result.push_back(static_cast<To>(value));
  return result;
}

// What files mean that do not say it: the defaults of llama.cpp.
void set_defaults(const std::string& model, const std::string& pre, GgufVocab& vocab) {
  const bool scored = model == "llama";
  vocab.add_bos = scored || pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3" ||
                  pre == "falcon3" || pre == "tekken";
  vocab.add_eos = model == "t5";
  if (!scored || vocab.tokens.size() < 3) return;
  vocab.unk = 0;
  vocab.bos = 1;
  vocab.eos = 2;
}

GgufVocab read_vocab(const GgufFile& file) {
  GgufVocab vocab;
  if (!file.has(key("model"))) {
    fail(ErrorCode::NotFound, "'{}' holds no tokenizer ('{}' is missing)", file.path(),
         key("model"));
  }
  vocab.model = file.text(key("model"));
  vocab.pre = file.text(key("pre"), "");
  for (const std::string_view token : file.texts(key("tokens"))) vocab.tokens.emplace_back(token);
  for (const std::string_view merge : file.texts(key("merges"))) vocab.merges.emplace_back(merge);
  vocab.scores = per_token<float>(file, key("scores"), vocab, file.numbers(key("scores")));
  vocab.token_type =
      per_token<int32_t>(file, key("token_type"), vocab, file.integers(key("token_type")));
  for (const int64_t byte : file.integers(key("precompiled_charsmap")))
    vocab.precompiled_charsmap += static_cast<char>(byte);
  set_defaults(vocab.model, vocab.pre, vocab);
  read_ids(file, vocab);
  vocab.add_bos = file.flag(key("add_bos_token"), vocab.add_bos);
  vocab.add_eos = file.flag(key("add_eos_token"), vocab.add_eos);
  vocab.add_space_prefix = file.flag(key("add_space_prefix"), vocab.add_space_prefix);
  vocab.remove_extra_whitespaces =
      file.flag(key("remove_extra_whitespaces"), vocab.remove_extra_whitespaces);
  // A token that the vocabulary lacks begins or ends no text.
  vocab.add_bos = vocab.add_bos && vocab.bos != GgufVocab::kNone;
  vocab.add_eos = vocab.add_eos && vocab.eos != GgufVocab::kNone;
  return vocab;
}

}  // namespace

std::unique_ptr<Tokenizer> read_gguf_tokenizer(const GgufFile& file) {
  return make_gguf_tokenizer(read_vocab(file), file.path());
}

}  // namespace vireo::text
