// Tokenizer: text to token numbers and back, by the tokenizer.json of a Hugging Face or OpenVINO
// model folder. Names and defaults are those of OpenVINO GenAI. Copies are handles to the same
// tokeniser; any number of threads may use one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vireo/any.h"
#include "vireo/genai/chat_history.h"
#include "vireo/tensor.h"

namespace vireo::genai {

// What a model is fed: i64 [batch, length] each, mask 0 where a row is padded.
struct TokenizedInputs {
  Tensor input_ids;
  Tensor attention_mask;
  std::optional<Tensor> token_type_ids;  // if the tokeniser's model has that input
};

// All that is known of the tokens of a text or a pair. Windows that truncation cut off are in
// `overflowing`.
struct Encoding {
  std::vector<int64_t> ids;
  std::vector<int64_t> type_ids;             // 1: of the second text
  std::vector<int64_t> attention_mask;       // 0: padding
  std::vector<int64_t> special_tokens_mask;  // 1: not of the text
  std::vector<std::pair<size_t, size_t>>
      offsets;  // characters (code points) of the text, the end exclusive
  std::vector<std::string> tokens;
  std::vector<Encoding> overflowing;
};

class VIREO_API Tokenizer {
 public:
  using Pair = std::pair<std::string, std::string>;

  Tokenizer() = default;
  // A folder with tokenizer.json, else a SentencePiece model (tokenizer.model, spiece.model), else
  // openvino_tokenizer.xml and openvino_detokenizer.xml (without offsets), or such a file, or a
  // GGUF file, which says all by itself. Beside the others tokenizer_config.json and
  // special_tokens_map.json say which tokens are special. NotFound, and InvalidModel in one line
  // for a malformed file.
  explicit Tokenizer(const std::string& path, const AnyMap& properties = {});

  explicit operator bool() const { return impl_ != nullptr; }

  // Options: add_special_tokens (true), max_length (cuts), pad_to_max_length (false: to the
  // longest), padding_side ("right", "left"; as the folder says, else right), truncation (true with
  // max_length).
  TokenizedInputs encode(const std::string& prompt, const AnyMap& options = {}) const;
  TokenizedInputs encode(const std::vector<std::string>& prompts, const AnyMap& options = {}) const;
  TokenizedInputs encode(const std::vector<Pair>& pairs, const AnyMap& options = {}) const;

  // With offsets, unpadded unless `padding` is "longest", "max_length" or a length. Options: those
  // of encode, and stride (0), strategy ("longest_first", "only_first", "only_second"),
  // truncation_side ("right"), pad_to_multiple_of. A text alone is a pair without second.
  std::vector<Encoding> encode_batch(
      const std::vector<std::pair<std::string, std::optional<std::string>>>& inputs,
      const AnyMap& options = {}) const;

  // Options: skip_special_tokens (true). Numbers that are no token are left out.
  std::string decode(const std::vector<int64_t>& tokens, const AnyMap& options = {}) const;
  std::vector<std::string> decode(const std::vector<std::vector<int64_t>>& lines,
                                  const AnyMap& options = {}) const;
  std::vector<std::string> decode(const Tensor& tokens,
                                  const AnyMap& options = {}) const;  // i64 [batch, length]

  std::map<std::string, int64_t> get_vocab() const;
  std::vector<std::string> get_vocab_vector() const;  // by number; empty where there is no token
  std::optional<int64_t> token_to_id(const std::string& token) const;
  bool supports_paired_input() const;

  // -1 and "" where the folder names none; the padding token falls back to the end token.
  int64_t get_bos_token_id() const;
  int64_t get_eos_token_id() const;
  int64_t get_pad_token_id() const;
  const std::string& get_bos_token() const;
  const std::string& get_eos_token() const;
  const std::string& get_pad_token() const;

  // The chat template as it stands in the folder, "" if there is none.
  const std::string& get_original_chat_template() const;
  // The one in use: what was set last, else the folder's. Setting "" goes back to the folder's.
  void set_chat_template(const std::string& chat_template);
  std::string get_chat_template() const;

  // The conversation as the text that the model was trained on. `chat_template`, `tools` and
  // `extra_context` stand in for the tokenizer's and the history's own when given. Throws
  // InvalidModel for a template that cannot be read, and InvalidArgument, with the template's line
  // and message, when it refuses the conversation.
  std::string apply_chat_template(const ChatHistory& history, bool add_generation_prompt,
                                  const std::string& chat_template = {},
                                  const std::optional<JsonContainer>& tools = {},
                                  const std::optional<JsonContainer>& extra_context = {}) const;

  struct Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

// Text as tokens come, with constant work per token: what put() and finish() return is, put
// together, what decode() gives for all.
class VIREO_API StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens = true);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;

  std::string put(int64_t token);  // "" while a character is not complete
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vireo::genai
