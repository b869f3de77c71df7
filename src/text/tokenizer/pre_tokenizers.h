// The pre-tokenisers of tokenizer.json: what cuts a normalised text into the words that the model
// sees.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer/aligned_text.h"
#include "text/tokenizer/pattern.h"

namespace vireo::text {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Cuts each piece of the text into pieces, none of them empty; may rewrite the text.
  virtual void apply(AlignedText& text, std::vector<Piece>& pieces) const = 0;
};
using PreTokenizerPtr = std::unique_ptr<const PreTokenizer>;

// What becomes of a match between what it separates.
enum class Behavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
enum class PrependScheme { Always, First, Never };

PreTokenizerPtr split_pre_tokenizer(Pattern pattern, Behavior behavior, bool invert);
PreTokenizerPtr char_delimiter_pre_tokenizer(char32_t delimiter);
PreTokenizerPtr whitespace_pre_tokenizer();  // words, and runs of what is neither word nor blank
PreTokenizerPtr whitespace_split_pre_tokenizer();
PreTokenizerPtr bert_pre_tokenizer();
PreTokenizerPtr punctuation_pre_tokenizer(Behavior behavior);
PreTokenizerPtr digits_pre_tokenizer(bool individual);
PreTokenizerPtr unicode_scripts_pre_tokenizer();
PreTokenizerPtr fixed_length_pre_tokenizer(size_t chars);
PreTokenizerPtr metaspace_pre_tokenizer(std::string replacement, PrependScheme scheme, bool split);
// ByteLevel is two steps: the cut, and the bytes as characters. A model that reads bytes goes
// without the second.
PreTokenizerPtr byte_level_cutter(bool add_prefix_space, bool use_regex);
PreTokenizerPtr byte_alphabet_mapper();

}  // namespace vireo::text
