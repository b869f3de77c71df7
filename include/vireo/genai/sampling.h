// What a configuration makes of a row of scores, for those who sample by themselves or want to see
// it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "vireo/genai/generation_config.h"
#include "vireo/tensor.h"

namespace vireo::genai {

// Every token that may come next and its probability, the most likely first, equal ones by number.
// `logits` are f32 [vocabulary]; penalties ask what stands in the prompt and in the output so far.
// As if do_sample were set.
VIREO_API std::vector<std::pair<int64_t, float>> next_token_distribution(
    const GenerationConfig& config, const Tensor& logits, const std::vector<int64_t>& prompt,
    const std::vector<int64_t>& output = {});

}  // namespace vireo::genai
