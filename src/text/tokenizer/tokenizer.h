// A tokeniser: text to token numbers and back, as its stages say.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/support/span.h"
#include "text/tokenizer/added_tokens.h"
#include "text/tokenizer/decoders.h"
#include "text/tokenizer/encoding.h"
#include "text/tokenizer/model.h"
#include "text/tokenizer/normalizers.h"
#include "text/tokenizer/post_processors.h"
#include "text/tokenizer/pre_tokenizers.h"

namespace vireo::text {

// The stages, in the order in which a text passes them. All but the model may be missing.
struct TokenizerParts {
  std::vector<AddedToken> added_tokens;
  NormalizerPtr normalizer;
  std::vector<PreTokenizerPtr> pre_tokenizers;
  ModelPtr model;
  PostProcessorPtr post_processor;
  DecoderPtr decoder;
  // What the file asks for; the caller of encode decides.
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
};

struct EncodeOptions {
  bool add_special_tokens = true;
  bool offsets = false;  // cost time
  std::optional<Truncation> truncation;
};

struct TextInput {
  std::string_view first;
  std::optional<std::string_view> second;
};

// Immutable; any number of threads may use one.
class Tokenizer {
 public:
  explicit Tokenizer(TokenizerParts parts);
  ~Tokenizer();

  // Bytes that are no UTF-8 are read as U+FFFD. InvalidArgument if the model cannot encode the text
  // or truncation is impossible.
  Encoding encode(const TextInput& input, const EncodeOptions& options = {}) const;
  // The same for each input, on several threads; 0: as many as there are cores.
  std::vector<Encoding> encode_batch(span<const TextInput> inputs,
                                     const EncodeOptions& options = {}, int threads = 0) const;

  // Numbers that are no token are left out.
  std::string decode(span<const uint32_t> ids, bool skip_special_tokens = true) const;

  std::string_view token_text(uint32_t id) const;
  uint32_t token_id(std::string_view text) const;  // or Vocab::kNone
  bool has_token(uint32_t id) const;
  bool is_special(uint32_t id) const;
  uint32_t vocab_end() const;  // one more than the highest number
  bool supports_pairs() const {
    return parts_.post_processor && parts_.post_processor->added(true);
  }

  const TokenizerParts& parts() const { return parts_; }

 private:
  struct Scratch;
  class Borrowed;
  Encoding encode(const TextInput& input, const EncodeOptions& options, Scratch& scratch) const;
  Encoding encode_text(std::string_view input, uint32_t type_id, bool offsets,
                       Scratch& scratch) const;
  void encode_plain(AlignedText& text, Scratch& scratch) const;

  const TokenizerParts parts_;
  const AddedTokens added_;
  const bool trims_offsets_;
  mutable std::mutex mutex_;  // of idle_
  mutable std::vector<std::unique_ptr<Scratch>> idle_;
};

// Text as tokens come, with constant work per token.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens = true)
      : tokenizer_(tokenizer), skip_special_tokens_(skip_special_tokens) {}

  // What the token adds to the text; empty while a character is not complete. All pieces together,
  // and finish(), are what decode() gives for all tokens.
  std::string put(uint32_t id);
  std::string finish();

 private:
  std::string advance(bool flush);

  const Tokenizer& tokenizer_;
  const bool skip_special_tokens_;
  std::vector<uint32_t> ids_;  // from where decoding starts anew
  size_t told_ = 0;            // of ids_, those whose text has been handed out
  size_t held_ = 0;            // tokens since a character began that is not complete
};

}  // namespace vireo::text
