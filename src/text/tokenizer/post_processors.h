// The post-processors of tokenizer.json: special tokens around texts, and offsets without blanks.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "text/tokenizer/encoding.h"

namespace vireo::text {

// Tells token texts by number.
class TokenTexts {
 public:
  virtual ~TokenTexts() = default;
  virtual std::string_view token_text(uint32_t id) const = 0;
};

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  // One or two texts, or what a processor before made of them, as the parts of one encoding.
  virtual std::vector<Encoding> apply(std::vector<Encoding> parts, bool add_special_tokens,
                                      const TokenTexts& texts) const = 0;
  // How many special tokens it adds to one text or to a pair.
  virtual size_t added(bool pair) const { return 0; }
};
using PostProcessorPtr = std::unique_ptr<const PostProcessor>;

// A part of a template: a text, or special tokens.
struct TemplatePiece {
  int text = -1;  // 0 or 1; -1: the ids
  std::vector<uint32_t> ids;
  uint32_t type_id = 0;
};
using Template = std::vector<TemplatePiece>;

PostProcessorPtr template_processor(Template single, Template pair);
PostProcessorPtr bert_processor(uint32_t cls, uint32_t sep);
PostProcessorPtr roberta_processor(uint32_t cls, uint32_t sep, bool trim_offsets,
                                   bool add_prefix_space);
PostProcessorPtr byte_level_processor(bool trim_offsets, bool add_prefix_space);
PostProcessorPtr sequence_processor(std::vector<PostProcessorPtr> parts);

}  // namespace vireo::text
