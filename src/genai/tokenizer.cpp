#include <algorithm>

#include "base/io/gguf_file.h"
#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"
#include "genai/ir_tokenizer.h"
#include "genai/tokenizer_impl.h"

namespace vireo::genai {

Tokenizer::Impl& need(const std::shared_ptr<Tokenizer::Impl>& impl) {
  if (!impl) fail(ErrorCode::InvalidArgument, "tokenizer: it is empty");
  return *impl;
}

namespace {

bool flag_of(const AnyMap& options, const char* name, bool fallback) {
  const auto it = options.find(name);
  return it == options.end() || it->second.empty() ? fallback : it->second.as_bool();
}

size_t size_of(const AnyMap& options, const char* name, size_t fallback) {
  const auto it = options.find(name);
  if (it == options.end() || it->second.empty()) return fallback;
  const int64_t value = it->second.as_int();
  if (value < 0) fail(ErrorCode::InvalidArgument, "{}: {} is less than 0", name, value);
  return size_t(value);
}

std::string text_of(const AnyMap& options, const char* name, std::string fallback) {
  const auto it = options.find(name);
  return it == options.end() || it->second.empty() ? fallback : it->second.as_text();
}

text::Side side_of(const AnyMap& options, const char* name, const std::string& fallback) {
  const std::string side = text_of(options, name, fallback);
  if (side == "left") return text::Side::Left;
  if (side == "right" || side.empty()) return text::Side::Right;
  fail(ErrorCode::InvalidArgument, "{}: '{}' is neither left nor right", name, side);
}

text::Truncation::Strategy strategy_of(const AnyMap& options) {
  using Strategy = text::Truncation::Strategy;
  const std::string name = text_of(options, "strategy", "longest_first");
  if (name == "longest_first") return Strategy::LongestFirst;
  if (name == "only_first") return Strategy::OnlyFirst;
  if (name == "only_second") return Strategy::OnlySecond;
  fail(ErrorCode::InvalidArgument,
       "strategy: '{}' is none of longest_first, only_first, only_second", name);
}

void check_names(const AnyMap& options, std::initializer_list<const char*> known) {
  for (const auto& [name, value] : options)
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail(ErrorCode::InvalidArgument, "tokenizer: option '{}' is not known", name);
}

text::EncodeOptions encode_options(const AnyMap& options) {
  text::EncodeOptions how;
  how.add_special_tokens = flag_of(options, "add_special_tokens", true);
  const size_t max_length = size_of(options, "max_length", 0);
  if (max_length > 0 && flag_of(options, "truncation", true)) {
    how.truncation.emplace();
    how.truncation->max_length = max_length;
    how.truncation->stride = size_of(options, "stride", 0);
    how.truncation->strategy = strategy_of(options);
    how.truncation->side = side_of(options, "truncation_side", "right");
  }
  return how;
}

uint32_t pad_id_of(const Tokenizer::Impl& impl) {
  const std::string& token =
      impl.config.pad_token.empty() ? impl.config.eos_token : impl.config.pad_token;
  if (!token.empty()) {
    const uint32_t id = impl.tokenizer->token_id(token);
    if (id != text::Vocab::kNone) return id;
  }
  const auto& padding = impl.tokenizer->parts().padding;
  return padding ? padding->pad_id : 0;
}

TokenizedInputs to_tensors(const std::vector<text::Encoding>& batch, bool type_ids) {
  const Shape shape{batch.size(), batch.empty() ? 0 : batch[0].size()};
  TokenizedInputs inputs{Tensor(element::i64, shape), Tensor(element::i64, shape), std::nullopt};
  if (type_ids) inputs.token_type_ids = Tensor(element::i64, shape);
  int64_t* ids = inputs.input_ids.data<int64_t>();
  int64_t* mask = inputs.attention_mask.data<int64_t>();
  int64_t* types = type_ids ? inputs.token_type_ids->data<int64_t>() : nullptr;
  for (const text::Encoding& row : batch) {
    ids = std::copy(row.ids.begin(), row.ids.end(), ids);
    mask = std::copy(row.attention_mask.begin(), row.attention_mask.end(), mask);
    if (types) types = std::copy(row.type_ids.begin(), row.type_ids.end(), types);
  }
  return inputs;
}

TokenizedInputs encode_inputs(const Tokenizer::Impl& impl, span<const text::TextInput> inputs,
                              const AnyMap& options) {
  check_names(options, {"add_special_tokens", "max_length", "pad_to_max_length", "padding_side",
                        "truncation"});
  std::vector<text::Encoding> batch = impl.tokenizer->encode_batch(inputs, encode_options(options));
  text::Padding padding;
  padding.pad_id = pad_id_of(impl);
  padding.side = side_of(options, "padding_side", impl.config.padding_side);
  if (flag_of(options, "pad_to_max_length", false)) {
    padding.length = size_of(options, "max_length", 0);
    if (padding.length == 0)
      fail(ErrorCode::InvalidArgument, "pad_to_max_length: needs max_length");
  }
  text::pad(batch, padding);
  // Texts may be longer than a length that they are only padded to.
  padding.length = 0;
  text::pad(batch, padding);
  return to_tensors(batch, impl.config.has_type_ids);
}

Encoding to_public(const text::Encoding& one, const text::Tokenizer& tokenizer) {
  Encoding out;
  out.ids.assign(one.ids.begin(), one.ids.end());
  out.type_ids.assign(one.type_ids.begin(), one.type_ids.end());
  out.attention_mask.assign(one.attention_mask.begin(), one.attention_mask.end());
  out.special_tokens_mask.assign(one.special_mask.begin(), one.special_mask.end());
  for (const text::Offsets range : one.offsets) out.offsets.emplace_back(range.begin, range.end);
  for (const uint32_t id : one.ids) out.tokens.emplace_back(tokenizer.token_text(id));
  for (const text::Encoding& window : one.overflowing)
    out.overflowing.push_back(to_public(window, tokenizer));
  return out;
}

std::vector<uint32_t> to_ids(const int64_t* begin, const int64_t* end) {
  std::vector<uint32_t> ids;
  ids.reserve(size_t(end - begin));
  for (; begin != end; ++begin)
    if (*begin >= 0 && *begin < int64_t(text::Vocab::kNone)) ids.push_back(uint32_t(*begin));
  return ids;
}

int64_t id_of(const Tokenizer::Impl& impl, const std::string& token) {
  const uint32_t id = token.empty() ? text::Vocab::kNone : impl.tokenizer->token_id(token);
  return id == text::Vocab::kNone ? -1 : int64_t(id);
}

bool skips_special(const AnyMap& options) {
  check_names(options, {"skip_special_tokens"});
  return flag_of(options, "skip_special_tokens", true);
}

// What a folder's tokeniser is read from: tokenizer.json, else a SentencePiece model, else
// OpenVINO's pair of models.
std::string file_in(const std::string& folder) {
  for (const char* name : {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"}) {
    if (is_file(join_path(folder, "tokenizer.json"))) break;
    if (is_file(join_path(folder, name))) return join_path(folder, name);
  }
  const std::string file = join_path(folder, "tokenizer.json");
  const std::string ir = join_path(folder, "openvino_tokenizer.xml");
  return is_file(file) || !is_file(ir) ? file : ir;
}

std::shared_ptr<const text::Tokenizer> read_tokenizer(const std::string& file,
                                                      const TokenizerConfig& config) {
  const std::string content = read_text_file(file);
  // A folder with a detokeniser of OpenVINO's means what that does.
  const bool openvino = is_file(join_path(parent_folder(file), "openvino_detokenizer.xml"));
  const auto broken = openvino ? text::BrokenBytes::ReplaceBroken : text::BrokenBytes::ReplaceRun;
  if (file_extension(file) != "model") return text::read_tokenizer_json(content, file, broken);
  return text::read_sentencepiece(content, file, {config.add_bos_token, config.add_eos_token});
}

}  // namespace

Tokenizer::Tokenizer(const std::string& path, const AnyMap&) : impl_(std::make_shared<Impl>()) {
  if (file_extension(path) == "gguf") {
    const GgufFile file(path);
    impl_->config = read_tokenizer_config(file);
    impl_->tokenizer = text::read_gguf_tokenizer(file);
    return;
  }
  const bool folder = is_folder(path);
  impl_->config = read_tokenizer_config(folder ? path : parent_folder(path));
  const std::string file = folder ? file_in(path) : path;
  impl_->tokenizer = file_extension(file) == "xml" ? read_ir_tokenizer(file, impl_->config)
                                                   : read_tokenizer(file, impl_->config);
}

TokenizedInputs Tokenizer::encode(const std::string& prompt, const AnyMap& options) const {
  const text::TextInput input{prompt, std::nullopt};
  return encode_inputs(need(impl_), {&input, 1}, options);
}

TokenizedInputs Tokenizer::encode(const std::vector<std::string>& prompts,
                                  const AnyMap& options) const {
  std::vector<text::TextInput> inputs;
  for (const std::string& prompt : prompts) inputs.push_back({prompt, std::nullopt});
  return encode_inputs(need(impl_), inputs, options);
}

TokenizedInputs Tokenizer::encode(const std::vector<Pair>& pairs, const AnyMap& options) const {
  std::vector<text::TextInput> inputs;
  for (const Pair& pair : pairs) inputs.push_back({pair.first, pair.second});
  return encode_inputs(need(impl_), inputs, options);
}

std::vector<Encoding> Tokenizer::encode_batch(
    const std::vector<std::pair<std::string, std::optional<std::string>>>& inputs,
    const AnyMap& options) const {
  check_names(options, {"add_special_tokens", "max_length", "padding_side", "truncation", "stride",
                        "strategy", "truncation_side", "pad_to_multiple_of", "padding"});
  const Impl& impl = need(impl_);
  std::vector<text::TextInput> texts;
  for (const auto& [first, second] : inputs) {
    texts.push_back({first, std::nullopt});
    if (second) texts.back().second = *second;
  }
  text::EncodeOptions how = encode_options(options);
  how.offsets = true;
  std::vector<text::Encoding> batch = impl.tokenizer->encode_batch(texts, how);
  const std::string length = text_of(options, "padding", "");
  if (!length.empty()) {
    text::Padding padding;
    padding.pad_id = pad_id_of(impl);
    padding.side = side_of(options, "padding_side", impl.config.padding_side);
    padding.multiple = size_of(options, "pad_to_multiple_of", 0);
    if (length == "max_length")
      padding.length = size_of(options, "max_length", 0);
    else if (length != "longest")
      padding.length = size_of(options, "padding", 0);
    text::pad(batch, padding);
  }
  std::vector<Encoding> out;
  for (const text::Encoding& one : batch) out.push_back(to_public(one, *impl.tokenizer));
  return out;
}

std::string Tokenizer::decode(const std::vector<int64_t>& tokens, const AnyMap& options) const {
  return need(impl_).tokenizer->decode(to_ids(tokens.data(), tokens.data() + tokens.size()),
                                       skips_special(options));
}

std::vector<std::string> Tokenizer::decode(const std::vector<std::vector<int64_t>>& lines,
                                           const AnyMap& options) const {
  std::vector<std::string> out;
  for (const std::vector<int64_t>& line : lines) out.push_back(decode(line, options));
  return out;
}

std::vector<std::string> Tokenizer::decode(const Tensor& tokens, const AnyMap& options) const {
  const Shape& shape = tokens.get_shape();
  if (shape.size() != 2 || tokens.get_element_type() != element::i64)
    fail(ErrorCode::InvalidArgument, "decode: got a tensor {}{}, expected i64 [batch, length]",
         tokens.get_element_type().get_type_name(), shape.to_string());
  const Tensor dense = tokens.dense();
  const int64_t* row = dense.data<int64_t>();
  const bool skip = skips_special(options);
  std::vector<std::string> out;
  for (size_t i = 0; i < shape[0]; ++i, row += shape[1])
    out.push_back(need(impl_).tokenizer->decode(to_ids(row, row + shape[1]), skip));
  return out;
}

std::vector<std::string> Tokenizer::get_vocab_vector() const {
  const text::Tokenizer& tokenizer = *need(impl_).tokenizer;
  std::vector<std::string> out;
  for (uint32_t id = 0; id < tokenizer.vocab_end(); ++id)
    out.emplace_back(tokenizer.token_text(id));
  return out;
}

std::map<std::string, int64_t> Tokenizer::get_vocab() const {
  const text::Tokenizer& tokenizer = *need(impl_).tokenizer;
  std::map<std::string, int64_t> out;
  for (uint32_t id = 0; id < tokenizer.vocab_end(); ++id)
    if (tokenizer.has_token(id)) out.emplace(tokenizer.token_text(id), id);
  return out;
}

std::optional<int64_t> Tokenizer::token_to_id(const std::string& token) const {
  const int64_t id = id_of(need(impl_), token);
  return id < 0 ? std::nullopt : std::optional<int64_t>(id);
}

bool Tokenizer::supports_paired_input() const { return need(impl_).tokenizer->supports_pairs(); }

int64_t Tokenizer::get_bos_token_id() const { return id_of(need(impl_), get_bos_token()); }
int64_t Tokenizer::get_eos_token_id() const { return id_of(need(impl_), get_eos_token()); }
int64_t Tokenizer::get_pad_token_id() const { return id_of(need(impl_), get_pad_token()); }
const std::string& Tokenizer::get_bos_token() const { return need(impl_).config.bos_token; }
const std::string& Tokenizer::get_eos_token() const { return need(impl_).config.eos_token; }
const std::string& Tokenizer::get_pad_token() const {
  const TokenizerConfig& config = need(impl_).config;
  return config.pad_token.empty() ? config.eos_token : config.pad_token;
}
const std::string& Tokenizer::get_original_chat_template() const {
  return need(impl_).config.chat_template;
}

struct StreamDecoder::Impl {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  text::StreamDecoder decoder;
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens)
    : impl_(new Impl{need(tokenizer.impl()).tokenizer,
                     text::StreamDecoder(*need(tokenizer.impl()).tokenizer, skip_special_tokens)}) {
}
StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;

std::string StreamDecoder::put(int64_t token) {
  if (token < 0 || token >= int64_t(text::Vocab::kNone))
    fail(ErrorCode::InvalidArgument, "token {} is no number of a token", token);
  return impl_->decoder.put(uint32_t(token));
}

std::string StreamDecoder::finish() { return impl_->decoder.finish(); }

}  // namespace vireo::genai
