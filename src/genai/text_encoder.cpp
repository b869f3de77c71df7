#include "genai/text_encoder.h"

#include <algorithm>
#include <numeric>

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"
#include "genai/json.h"
#include "genai/model_folder.h"

namespace vireo::genai {
namespace {

// Texts of one pass: enough to keep the machine busy, few enough that they are of like length.
constexpr size_t kRowsOfAPass = 32;

// Tokens that the model has positions for. RoBERTa's begin behind the number of its padding token.
size_t positions_of(const std::string& folder, const Tokenizer& tokenizer) {
  const size_t positions = ModelSettings::read(folder, tokenizer).context;
  if (positions == SIZE_MAX) return SIZE_MAX;
  const Json json = Json::parse(read_text_file(join_path(folder, "config.json")), nullptr, false);
  const auto type = json.find("model_type"), padding = json.find("pad_token_id");
  if (type == json.end() || !type->is_string()) return positions;
  if (type->get<std::string>().find("roberta") == std::string::npos) return positions;
  const bool named = padding != json.end() && padding->is_number_unsigned();
  const size_t first = (named ? padding->get<size_t>() : 1) + 1;
  return positions > first ? positions - first : positions;
}

AnyMap to_encode_options(const std::string& folder, const Tokenizer& tokenizer,
                         const TextEncoderOptions& options) {
  const size_t positions = positions_of(folder, tokenizer);
  const size_t asked = options.max_length.value_or(positions);
  if (asked > positions) {
    fail(ErrorCode::InvalidArgument,
         "max_length: {} tokens are more than the {} that the model of '{}' reads", asked,
         positions, folder);
  }
  AnyMap result;
  if (asked != SIZE_MAX) result["max_length"] = asked;
  if (options.pad_to_max_length) result["pad_to_max_length"] = *options.pad_to_max_length;
  if (options.padding_side) result["padding_side"] = *options.padding_side;
  return result;
}

Tensor columns(const Tensor& all, span<const size_t> rows, size_t begin, size_t end) {
  const size_t width = all.get_shape()[1];
  Tensor result(element::i64, {rows.size(), end - begin});
  int64_t* to = result.data<int64_t>();
  for (const size_t row : rows) {
    const int64_t* from = all.data<int64_t>() + row * width;
    to = std::copy(from + begin, from + end, to);
  }
  return result;
}

Tensor zeros(const Shape& shape) {
  Tensor result(element::i64, shape);
  std::fill_n(result.data<int64_t>(), result.get_size(), 0);
  return result;
}

// Each token's number among those of its text.
Tensor positions(const Tensor& mask) {
  const size_t length = mask.get_shape()[1];
  Tensor result(element::i64, mask.get_shape());
  for (size_t i = 0, next = 0; i < mask.get_size(); ++i) {
    if (i % length == 0) next = 0;
    result.data<int64_t>()[i] = int64_t(next);
    if (mask.data<int64_t>()[i] != 0) ++next;
  }
  return result;
}

}  // namespace

void TextEncoderOptions::validate() const {
  if (max_length && *max_length == 0)
    fail(ErrorCode::InvalidArgument, "max_length: got 0, expected at least 1");
  if (pad_to_max_length.value_or(false) && !max_length)
    fail(ErrorCode::InvalidArgument, "pad_to_max_length: needs max_length");
  if (padding_side && *padding_side != "left" && *padding_side != "right")
    fail(ErrorCode::InvalidArgument, "padding_side: '{}' is neither left nor right", *padding_side);
}

TextEncoder::TextEncoder(const std::string& folder, const std::string& device,
                         const std::string& task, const TextEncoderOptions& options,
                         const AnyMap& properties)
    : tokenizer_(folder),
      encode_options_(to_encode_options(folder, tokenizer_, options)),
      fixed_length_(options.pad_to_max_length.value_or(false)) {
  Core core;
  AnyMap reading = properties;
  reading["TASK"] = task;
  const auto model = core.read_model(folder, {}, reading);
  for (const Output& input : model->inputs()) inputs_.push_back(input.get_any_name());
  output_rank_ = model->output(0).get_partial_shape().size();
  request_ = core.compile_model(*model, device, properties).create_infer_request();
}

void TextEncoder::run(const std::vector<std::string>& texts, const Take& take) {
  if (!texts.empty()) run(tokenizer_.encode(texts, encode_options_), take);
}

void TextEncoder::run(const std::vector<Tokenizer::Pair>& pairs, const Take& take) {
  if (!pairs.empty()) run(tokenizer_.encode(pairs, encode_options_), take);
}

// Passes of texts of like length, each cut to the columns that its longest text takes.
void TextEncoder::run(const TokenizedInputs& all, const Take& take) {
  const size_t count = all.attention_mask.get_shape()[0], width = all.attention_mask.get_shape()[1];
  const int64_t* mask = all.attention_mask.data<int64_t>();
  std::vector<size_t> lengths, rows(count);
  for (size_t i = 0; i < count; ++i) {
    lengths.push_back(size_t(std::count(mask + i * width, mask + (i + 1) * width, 1)));
  }
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  for (size_t at = 0; at < count; at += kRowsOfAPass) {
    const span<const size_t> some(rows.data() + at, std::min(kRowsOfAPass, count - at));
    const size_t longest = fixed_length_ ? width : std::max<size_t>(lengths[some[0]], 1);
    const int64_t* first = mask + some[0] * width;
    const bool left = longest < width && first[0] == 0;
    pass(all, some, left ? width - longest : 0, left ? width : std::min(longest, width), take);
  }
}

void TextEncoder::set(const std::string& name, const Tensor& tensor) {
  if (std::find(inputs_.begin(), inputs_.end(), name) != inputs_.end())
    request_.set_tensor(name, tensor);
}

void TextEncoder::pass(const TokenizedInputs& all, span<const size_t> rows, size_t begin,
                       size_t end, const Take& take) {
  const size_t length = end - begin;
  const Tensor mask = columns(all.attention_mask, rows, begin, end);
  set("input_ids", columns(all.input_ids, rows, begin, end));
  set("attention_mask", mask);
  set("token_type_ids", all.token_type_ids ? columns(*all.token_type_ids, rows, begin, end)
                                           : zeros(mask.get_shape()));
  set("position_ids", positions(mask));
  Tensor beams(element::i32, {rows.size()});
  std::iota(beams.data<int32_t>(), beams.data<int32_t>() + rows.size(), 0);
  set("beam_idx", beams);
  request_.reset_state();
  request_.infer();

  const Tensor output = request_.get_output_tensor(0);
  if (output.get_element_type() != element::f32 || output.get_shape().empty() ||
      output.get_shape()[0] != rows.size()) {
    fail(ErrorCode::NotSupported,
         "the model answers {} texts with {}{}, expected f32 for each text", rows.size(),
         output.get_element_type().get_type_name(), output.get_shape().to_string());
  }
  const Shape one(output.get_shape().begin() + 1, output.get_shape().end());
  const size_t size = output.get_size() / rows.size();
  for (size_t i = 0; i < rows.size(); ++i) {
    take(rows[i], {one,
                   {output.data<float>() + i * size, size},
                   {mask.data<int64_t>() + i * length, length}});
  }
}

}  // namespace vireo::genai
