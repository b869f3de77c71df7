// A compiled language model with its cache: what was fed to it stays until reset() or trim().
#pragma once

#include <vector>

#include "base/support/span.h"
#include "vireo/core.h"

namespace vireo::genai {

// Compiles a model, which it changes, so that it tells the scores of chosen positions alone where
// it can.
InferRequest open_language_model(const std::shared_ptr<Model>& model, const std::string& device,
                                 const AnyMap& properties);

bool has_port(const InferRequest& request, const char* name);

class LanguageModel {
 public:
  // A request of a stateful model that has input_ids and logits, and perhaps attention_mask,
  // position_ids and beam_idx.
  explicit LanguageModel(InferRequest request);

  // Prompts [rows, width], padded on the left where the mask, if there is one, is 0. Starts anew
  // unless the cache holds one row, which then goes on.
  span<const float> prompt(const int64_t* tokens, const int64_t* mask, size_t rows, size_t width);
  // A token behind each of these rows of the last pass; rows may be left out, and come more than
  // once.
  template <typename Rows>
  span<const float> next(const Rows& rows) {
    begin(rows.size(), 1);
    size_t i = 0;
    for (const auto& row : rows) put(i++, row.parent, row.token);
    return forward();
  }
  // Of the pass after begin(): token and row to go on from.
  void begin(size_t rows, size_t width);
  void put(size_t row, int32_t parent, int64_t token);
  // The scores of the last position: [rows, vocabulary], until the next pass.
  span<const float> forward();

  void reset();
  // Forgets what is behind the first `length` positions of the only row.
  void trim(size_t length);
  size_t length() const { return length_; }
  void cancel() { request_.cancel(); }

 private:
  void write_mask();
  void write_positions();
  span<const float> last_scores();

  InferRequest request_;
  bool has_mask_, has_positions_, has_beams_, has_selection_;
  Tensor ids_, mask_, positions_, beams_, selection_;
  size_t rows_ = 0, width_ = 0;         // of the pass
  size_t length_ = 0;                   // positions in the cache, padding included
  std::vector<size_t> padding_, kept_;  // of each row, on the left
  std::vector<float> scores_;           // if the model tells those of all positions
};

}  // namespace vireo::genai
