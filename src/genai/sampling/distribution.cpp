#include "base/support/error.h"
#include "genai/sampling/candidates.h"
#include "genai/sampling/processors.h"
#include "vireo/genai/sampling.h"

namespace vireo::genai {

std::vector<std::pair<int64_t, float>> next_token_distribution(const GenerationConfig& config,
                                                               const Tensor& logits,
                                                               const std::vector<int64_t>& prompt,
                                                               const std::vector<int64_t>& output) {
  if (!logits || logits.get_shape().size() != 1 || logits.get_element_type() != element::f32)
    fail(ErrorCode::InvalidArgument, "next_token_distribution: logits are no f32 [vocabulary]");
  GenerationConfig drawn = config;
  drawn.do_sample = true;
  if (drawn.eos_token_id < 0 && drawn.max_new_tokens == SIZE_MAX) drawn.max_new_tokens = 1;
  drawn.validate();
  History history(prompt);
  for (const int64_t token : output) history.push(token);
  const Tensor dense = logits.dense();
  const float* data = dense.data<float>();
  std::vector<float> scores(data, data + dense.get_size());
  process(drawn, history, scores);
  Candidates candidates;
  candidates.select(drawn, scores);
  candidates.sort_by_probability();
  std::vector<std::pair<int64_t, float>> out;
  for (const Candidate& one : candidates.all())
    if (float(one.probability) > 0) out.emplace_back(one.id, float(one.probability));
  return out;
}

}  // namespace vireo::genai
