// The post-processors of tokenizer.json: special tokens around texts, and offsets without blanks.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "text/tokenizer/encoding.h"

namespace vireo::text {

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  // One or two texts, or what a processor before made of them, as the parts of one encoding.
  virtual std::vector<Encoding> apply(std::vector<Encoding> parts,
                                      bool add_special_tokens) const = 0;
  // How many special tokens it adds to one text or to a pair.
  virtual size_t added(bool pair) const { return 0; }
  // True if it wants to know the blanks of tokens.
  virtual bool trims_offsets() const { return false; }
};
using PostProcessorPtr = std::unique_ptr<const PostProcessor>;

// A part of a template: a text, or special tokens.
struct TemplatePiece {
  int text = -1;  // 0 or 1; -1: the ids
  std::vector<uint32_t> ids;
  uint32_t type_id = 0;
};
using Template = std::vector<TemplatePiece>;

// Blanks, as themselves or in the byte alphabet, at the ends of a token's text.
Blanks blanks_of(std::string_view token);

PostProcessorPtr template_processor(Template single, Template pair);
PostProcessorPtr bert_processor(uint32_t cls, uint32_t sep);
PostProcessorPtr roberta_processor(uint32_t cls, uint32_t sep, bool trim_offsets,
                                   bool add_prefix_space);
PostProcessorPtr byte_level_processor(bool trim_offsets, bool add_prefix_space);
PostProcessorPtr sequence_processor(std::vector<PostProcessorPtr> parts);

}  // namespace vireo::text
