// The normalisers of tokenizer.json: what happens to a text before it is cut.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer/aligned_text.h"
#include "text/tokenizer/pattern.h"

namespace vireo::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(AlignedText& text) const = 0;
};
using NormalizerPtr = std::unique_ptr<const Normalizer>;

struct BertOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

NormalizerPtr bert_normalizer(BertOptions options);
NormalizerPtr unicode_normalizer(NormalForm form);
NormalizerPtr lowercase_normalizer();
NormalizerPtr strip_normalizer(bool left, bool right);  // of white space
NormalizerPtr strip_accents_normalizer();
NormalizerPtr replace_normalizer(Pattern pattern, std::string content);
NormalizerPtr prepend_normalizer(std::string prefix);
NormalizerPtr nmt_normalizer();         // control characters go, other blanks become blanks
NormalizerPtr byte_level_normalizer();  // bytes as characters of the byte alphabet
NormalizerPtr sequence_normalizer(std::vector<NormalizerPtr> parts);
// The compiled rules of SentencePiece: a double array and the replacements. InvalidArgument if
// malformed.
NormalizerPtr precompiled_normalizer(std::string charsmap);

// Each byte of text[range) becomes a character of the byte alphabet.
void put_byte_level(Rewrite& rewrite, const AlignedText& text, Piece range);

}  // namespace vireo::text
