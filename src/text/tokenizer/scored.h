// What SentencePiece models and GGUF vocabularies of its kind have in common: pieces with scores,
// blanks written as U+2581.
#pragma once

#include <string>
#include <vector>

#include "text/tokenizer/read.h"
#include "text/tokenizer/tokenizer.h"

namespace vireo::text {

struct ScoredVocab {
  enum class Kind { Unigram, Bpe, Word, Char };

  Kind kind = Kind::Unigram;
  std::vector<std::string> pieces;
  std::vector<float> scores;
  std::vector<int32_t> types;  // GgufVocab::Type: both formats number them alike
  uint32_t bos = Vocab::kNone, eos = Vocab::kNone, unk = Vocab::kNone;
  std::string charsmap;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = false;
  SpecialTokenFlags flags;
};

std::unique_ptr<Tokenizer> make_scored_tokenizer(const ScoredVocab& vocab, const std::string& name);

// Puts bos before and eos behind each text, as far as they are asked for and there.
PostProcessorPtr bos_eos_processor(uint32_t bos, uint32_t eos, SpecialTokenFlags flags);
// Control tokens, which are not text, and tokens that the user defined.
std::vector<AddedToken> added_tokens_of(const std::vector<std::string>& tokens,
                                        const std::vector<int32_t>& types);

}  // namespace vireo::text
