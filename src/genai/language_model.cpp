#include "genai/language_model.h"

#include <algorithm>

#include "base/support/error.h"
#include "vireo/language_model.h"

namespace vireo::genai {

// Properties of the pipeline itself say how OpenVINO GenAI shall work inside, which has no meaning
// here.
InferRequest open_language_model(const std::shared_ptr<Model>& model, const std::string& device,
                                 const AnyMap& properties) {
  AnyMap rest = properties;
  for (const char* name : {"ATTENTION_BACKEND", "sampler_num_threads", "enable_save_ov_model"})
    rest.erase(name);
  select_positions(*model);
  return Core().compile_model(*model, device, rest).create_infer_request();
}

bool has_port(const InferRequest& request, const char* name) {
  try {
    request.get_tensor(name);
    return true;
  } catch (const Error& error) {
    return error.code() != ErrorCode::NotFound;
  }
}

LanguageModel::LanguageModel(InferRequest request)
    : request_(std::move(request)),
      has_mask_(has_port(request_, "attention_mask")),
      has_positions_(has_port(request_, "position_ids")),
      has_beams_(has_port(request_, "beam_idx")),
      has_selection_(has_port(request_, "sampled_tokens_indices")),
      ids_(element::i64, {1, 1}),
      mask_(element::i64, {1, 1}),
      positions_(element::i64, {1, 1}),
      beams_(element::i32, {1}),
      selection_(element::i64, {1}) {
  for (const char* name : {"input_ids", "logits"})
    if (!has_port(request_, name))
      fail(ErrorCode::NotSupported,
           "text generation needs a language model with input_ids and logits, this one has no {}",
           name);
  if (request_.query_state().empty())
    fail(ErrorCode::NotSupported,
         "text generation needs a stateful model, this one keeps no cache: export it with "
         "use_cache and stateful, or read its Hugging Face folder");
}

span<const float> LanguageModel::prompt(const int64_t* tokens, const int64_t* mask, size_t rows,
                                        size_t width) {
  if (length_ > 0 && (rows != 1 || rows_ != 1)) reset();
  begin(rows, width);
  std::copy(tokens, tokens + rows * width, ids_.data<int64_t>());
  for (size_t row = 0; row < rows; ++row) {
    beams_.data<int32_t>()[row] = int32_t(row);
    if (length_ > 0) continue;
    const int64_t* of_row = mask ? mask + row * width : nullptr;
    kept_[row] = of_row ? size_t(std::find(of_row, of_row + width, 1) - of_row) : 0;
    if (kept_[row] > 0 && !has_mask_)
      fail(ErrorCode::NotSupported,
           "the model has no input attention_mask: prompts of one call must be equally long");
  }
  return forward();
}

void LanguageModel::begin(size_t rows, size_t width) {
  rows_ = rows;
  width_ = width;
  ids_.set_shape({rows, width});
  beams_.set_shape({rows});
  kept_.assign(rows, 0);
}

void LanguageModel::put(size_t row, int32_t parent, int64_t token) {
  ids_.data<int64_t>()[row] = token;
  beams_.data<int32_t>()[row] = parent;
}

span<const float> LanguageModel::forward() {
  if (!has_beams_) {
    const int32_t* beams = beams_.data<int32_t>();
    for (size_t row = 0; row < rows_; ++row)
      if (beams[row] != int32_t(row) || (length_ > 0 && padding_.size() != rows_))
        fail(ErrorCode::NotSupported,
             "the model has no input beam_idx: it generates one sequence at a time");
  }
  if (length_ > 0)
    for (size_t row = 0; row < rows_; ++row)
      kept_[row] = padding_[size_t(beams_.data<int32_t>()[row])];
  std::swap(padding_, kept_);
  request_.set_tensor("input_ids", ids_);
  if (has_mask_) write_mask();
  if (has_positions_) write_positions();
  if (has_beams_) request_.set_tensor("beam_idx", beams_);
  if (has_selection_) {
    *selection_.data<int64_t>() = int64_t(width_) - 1;
    request_.set_tensor("sampled_tokens_indices", selection_);
  }
  request_.infer();
  length_ += width_;
  return last_scores();
}

void LanguageModel::write_mask() {
  const size_t total = length_ + width_;
  if (total > mask_.get_size() / std::max<size_t>(1, mask_.get_shape()[0]) + 0)
    mask_.set_shape({rows_, total + total / 4 + 64});  // room, so that most steps allocate nothing
  mask_.set_shape({rows_, total});
  int64_t* at = mask_.data<int64_t>();
  for (size_t row = 0; row < rows_; ++row, at += total) {
    std::fill(at, at + padding_[row], 0);
    std::fill(at + padding_[row], at + total, 1);
  }
  request_.set_tensor("attention_mask", mask_);
}

// Counted from the first token that is no padding; padding has position 1, as in transformers.
void LanguageModel::write_positions() {
  positions_.set_shape({rows_, width_});
  int64_t* at = positions_.data<int64_t>();
  for (size_t row = 0; row < rows_; ++row)
    for (size_t i = 0; i < width_; ++i, ++at) {
      const size_t place = length_ + i;
      *at = place < padding_[row] ? 1 : int64_t(place - padding_[row]);
    }
  request_.set_tensor("position_ids", positions_);
}

span<const float> LanguageModel::last_scores() {
  const Tensor logits = request_.get_tensor("logits");
  const Shape& shape = logits.get_shape();
  if (shape.size() != 3 || shape[0] != rows_ || logits.get_element_type() != element::f32)
    fail(ErrorCode::NotSupported, "logits are {}{}, expected f32 [{}, length, vocabulary]",
         logits.get_element_type().name(), shape.to_string(), rows_);
  const float* data = logits.data<float>();
  if (shape[1] == 1) return {data, shape[0] * shape[2]};
  scores_.resize(shape[0] * shape[2]);
  for (size_t row = 0; row < rows_; ++row) {
    const float* last = data + ((row + 1) * shape[1] - 1) * shape[2];
    std::copy(last, last + shape[2], scores_.begin() + std::ptrdiff_t(row * shape[2]));
  }
  return scores_;
}

void LanguageModel::reset() {
  request_.reset_state();
  length_ = 0;
  rows_ = 0;
}

void LanguageModel::trim(size_t length) {
  if (length >= length_) return;
  if (length == 0) return reset();
  for (VariableState state : request_.query_state()) {
    const Tensor all = state.get_state();  // [batch, heads, positions, size]
    Shape begin(all.get_shape().size(), 0), end = all.get_shape();
    if (end.size() != 4 || end[2] != length_)
      fail(ErrorCode::NotSupported, "state '{}' is {}, expected [batch, heads, {}, size]",
           state.get_name(), end.to_string(), length_);
    end[2] = length;
    state.set_state(Tensor(all, begin, end).dense());
  }
  length_ = length;
}

}  // namespace vireo::genai
