// GenerationConfig: how text is generated. Names, defaults and rules are those of OpenVINO GenAI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "vireo/genai/chat_history.h"

namespace vireo::genai {

// When beam search ends: as soon as a group has its finished sequences; when a better one is
// unlikely; when none is possible.
enum class StopCriteria { EARLY, HEURISTIC, NEVER };

struct VIREO_API GenerationConfig {
  // Length, in tokens. Of the two bounds max_new_tokens counts; max_length includes the prompt.
  size_t max_new_tokens = SIZE_MAX;
  size_t max_length = SIZE_MAX;
  size_t min_new_tokens = 0;  // before them no stop token is taken
  bool ignore_eos = false;
  bool echo = false;  // the prompt's text is part of the result

  // What ends a sequence.
  int64_t eos_token_id = -1;  // -1: the model's
  std::set<int64_t> stop_token_ids;
  std::set<std::string> stop_strings;
  bool include_stop_str_in_output = false;

  // Penalties change the scores of tokens seen before, and are neutral as they stand.
  // of prompt and output: divides a score above 0, multiplies one below
  float repetition_penalty = 1.0f;
  float presence_penalty = 0.0f;           // of the output: subtracted once
  float frequency_penalty = 0.0f;          // of the output: subtracted for each time
  size_t no_repeat_ngram_size = SIZE_MAX;  // no n tokens in a row come twice

  // Beam search. A group searches for itself; a token that an earlier group took this step costs
  // diversity_penalty.
  size_t num_beams = 1;
  size_t num_beam_groups = 1;
  float diversity_penalty = 0.0f;
  // a finished sequence scores sum of log probabilities / length^length_penalty
  float length_penalty = 1.0f;
  StopCriteria stop_criteria = StopCriteria::HEURISTIC;

  // Drawing tokens: temperature, the top_k best, the fewest that make up top_p, those of min_p
  // times the best.
  bool do_sample = false;
  float temperature = 1.0f;
  float top_p = 1.0f;
  size_t top_k = SIZE_MAX;
  float min_p = 0.0f;
  size_t rng_seed = 0;
  size_t num_return_sequences = 1;

  // 1 and more: scores of results are sums of log probabilities also when greedy
  size_t logprobs = 0;
  bool apply_chat_template = true;  // prompts are messages of a user if the model has a template

  // Assisted generation.
  float assistant_confidence_threshold = 0.0f;
  size_t num_assistant_tokens = 0;
  size_t max_ngram_size = 0;  // of prompt lookup
  size_t branching_factor = 1;
  size_t tree_depth = 0;

  // Takes the definitions of OpenVINO GenAI where they are not those of transformers: top_k cuts
  // ties and comes before the temperature, min_p before top_p, a penalty moves a score below 0 up,
  // and only beam search knows no_repeat_ngram_size.
  bool openvino_sampling = false;

  GenerationConfig() = default;
  // Of a generation_config.json; what generation has no use for in it is passed over.
  explicit GenerationConfig(const std::string& json_path);

  // Sets the fields that an object names. InvalidArgument for a name that is none and a value of
  // another type.
  void update_generation_config(const JsonContainer& fields);
  JsonContainer to_json() const;

  // InvalidArgument in one line for what contradicts itself or would never end.
  void validate() const;

  bool is_greedy_decoding() const { return !do_sample && !is_beam_search(); }
  bool is_beam_search() const { return num_beams > 1; }
  bool is_multinomial() const { return do_sample && !is_beam_search(); }
  bool is_tree_search() const { return branching_factor > 1 && tree_depth > 0; }
  bool is_assisting_generation() const {
    return assistant_confidence_threshold > 0 || num_assistant_tokens > 0;
  }
  bool is_prompt_lookup() const { return max_ngram_size > 0 && num_assistant_tokens > 0; }

  // Also a stop token, in place of the end token before.
  void set_eos_token_id(int64_t token);
  // New tokens that a prompt of this length may get.
  size_t get_max_new_tokens(size_t prompt_length) const;
};

}  // namespace vireo::genai
