// Readers of the forms that tokenisers are stored in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace vireo {
class GgufFile;
}

namespace vireo::text {

// All throw InvalidModel in one line for what is malformed, and NotSupported for a stage that is
// not known.

// The text of a tokenizer.json; `name` stands in errors.
std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view json, const std::string& name,
                                               BrokenBytes broken = BrokenBytes::ReplaceRun);

struct SpecialTokenFlags {
  bool add_bos = false, add_eos = false;
};

// The bytes of a SentencePiece model (unigram, BPE, words or characters), run as SentencePiece runs
// it.
std::unique_ptr<Tokenizer> read_sentencepiece(std::string_view model, const std::string& name,
                                              SpecialTokenFlags flags = {});

// A vocabulary as GGUF files hold it; the names of the fields are those of tokenizer.ggml.*.
struct GgufVocab {
  enum Type { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };
  static constexpr uint32_t kNone = ~0u;

  std::string model;  // "gpt2", "llama", "bert", "t5"
  std::string pre;    // the expression that a gpt2 vocabulary is cut by
  std::vector<std::string> tokens;
  std::vector<float> scores;        // none for gpt2 and bert
  std::vector<int32_t> token_type;  // none: all are normal
  std::vector<std::string> merges;  // "left right", of gpt2
  std::string precompiled_charsmap;
  uint32_t bos = kNone, eos = kNone, unk = kNone, sep = kNone, cls = kNone;
  bool add_bos = false, add_eos = false;
  bool add_space_prefix = true;
  bool remove_extra_whitespaces = false;
};
std::unique_ptr<Tokenizer> make_gguf_tokenizer(const GgufVocab& vocab, const std::string& name);
// The one that a file holds. NotFound if it holds none.
std::unique_ptr<Tokenizer> read_gguf_tokenizer(const GgufFile& file);

}  // namespace vireo::text
