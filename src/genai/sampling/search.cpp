#include "genai/sampling/search.h"

#include "genai/sampling/beam_search.h"
#include "genai/sampling/sampled_search.h"

namespace vireo::genai {

bool Task::is_stop_token(int64_t token) const {
  if (config.ignore_eos) return false;
  return token == config.eos_token_id || config.stop_token_ids.count(token) > 0;
}

std::vector<int64_t> Task::stop_tokens() const {
  std::vector<int64_t> all(config.stop_token_ids.begin(), config.stop_token_ids.end());
  if (config.eos_token_id >= 0) all.push_back(config.eos_token_id);
  return all;
}

std::unique_ptr<Search> make_search(Task task) {
  if (task.config.is_beam_search()) return std::make_unique<BeamSearch>(std::move(task));
  return std::make_unique<SampledSearch>(std::move(task));
}

}  // namespace vireo::genai
