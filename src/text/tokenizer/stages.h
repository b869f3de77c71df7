// The stages of tokenizer.json out of its objects.
#pragma once

#include <vector>

#include "text/json.h"
#include "text/tokenizer/tokenizer.h"

namespace vireo::text {

NormalizerPtr read_normalizer(const Json& json, int depth = 0);
void read_pre_tokenizer(const Json& json, std::vector<PreTokenizerPtr>& out, int depth = 0);
// True if the pre-tokeniser ends in the byte alphabet.
bool ends_in_byte_level(const Json& json, int depth = 0);
PostProcessorPtr read_post_processor(const Json& json, int depth = 0);
DecoderPtr read_decoder(const Json& json, BrokenBytes broken = BrokenBytes::ReplaceRun,
                        int depth = 0);
// With `byte_level` the pre-tokenisers end in the byte alphabet.
ModelPtr read_model(const Json& json, bool byte_level);
Truncation read_truncation(const Json& json);
Padding read_padding(const Json& json);

inline uint32_t read_id(const Json& json) {
  const uint64_t value = json.number();
  if (value >= Vocab::kMostIds) json.refuse(fmt::format("{} is no number of a token", value));
  return uint32_t(value);
}

// The steps of a Sequence, which may hold sequences.
template <typename F>
void read_steps(const Json& json, std::string_view key, int depth, F&& f) {
  constexpr int kDeepest = 16;
  if (depth > kDeepest) json.refuse("sequences within sequences go too deep");
  json.at(key).for_each(f);
}

[[noreturn]] inline void refuse_type(const Json& json, std::string_view type) {
  fail(ErrorCode::NotSupported, "{}: type '{}' is not known", json.where(), type);
}

}  // namespace vireo::text
