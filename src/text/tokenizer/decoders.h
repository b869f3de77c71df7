// The decoders of tokenizer.json: what makes text of tokens again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer/pattern.h"
#include "text/tokenizer/pre_tokenizers.h"

namespace vireo::text {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Rewrites the tokens; the text is what they are when put together.
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};
using DecoderPtr = std::unique_ptr<const Decoder>;

DecoderPtr byte_level_decoder();
DecoderPtr wordpiece_decoder(std::string prefix, bool cleanup);
DecoderPtr metaspace_decoder(std::string replacement, PrependScheme scheme);
DecoderPtr bpe_decoder(std::string suffix);
DecoderPtr ctc_decoder(std::string pad_token, std::string word_delimiter, bool cleanup);
DecoderPtr replace_decoder(Pattern pattern, std::string content);
// What becomes of bytes that are no text: as in Hugging Face's tokenizers U+FFFD for each byte of
// their run, or, as OpenVINO's detokenisers have it, for each broken part of it.
enum class BrokenBytes { ReplaceRun, ReplaceBroken };
DecoderPtr byte_fallback_decoder(BrokenBytes broken = BrokenBytes::ReplaceRun);
DecoderPtr fuse_decoder();
DecoderPtr strip_decoder(char32_t content, size_t start, size_t stop);
DecoderPtr sequence_decoder(std::vector<DecoderPtr> parts);

}  // namespace vireo::text
