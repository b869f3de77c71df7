// The fields of a GenerationConfig by name, and the rules that hold between them.
#include "vireo/genai/generation_config.h"

#include <algorithm>

#include "base/io/mapped_file.h"
#include "base/support/error.h"
#include "genai/json.h"

namespace vireo::genai {
namespace {

// Calls f(name, field) for each field.
template <typename Config, typename F>
void visit_fields(Config& c, F&& f) {
  f("max_new_tokens", c.max_new_tokens);
  f("max_length", c.max_length);
  f("min_new_tokens", c.min_new_tokens);
  f("ignore_eos", c.ignore_eos);
  f("echo", c.echo);
  f("eos_token_id", c.eos_token_id);
  f("stop_token_ids", c.stop_token_ids);
  f("stop_strings", c.stop_strings);
  f("include_stop_str_in_output", c.include_stop_str_in_output);
  f("repetition_penalty", c.repetition_penalty);
  f("presence_penalty", c.presence_penalty);
  f("frequency_penalty", c.frequency_penalty);
  f("no_repeat_ngram_size", c.no_repeat_ngram_size);
  f("num_beams", c.num_beams);
  f("num_beam_groups", c.num_beam_groups);
  f("diversity_penalty", c.diversity_penalty);
  f("length_penalty", c.length_penalty);
  f("stop_criteria", c.stop_criteria);
  f("do_sample", c.do_sample);
  f("temperature", c.temperature);
  f("top_p", c.top_p);
  f("top_k", c.top_k);
  f("min_p", c.min_p);
  f("rng_seed", c.rng_seed);
  f("num_return_sequences", c.num_return_sequences);
  f("logprobs", c.logprobs);
  f("apply_chat_template", c.apply_chat_template);
  f("assistant_confidence_threshold", c.assistant_confidence_threshold);
  f("num_assistant_tokens", c.num_assistant_tokens);
  f("max_ngram_size", c.max_ngram_size);
  f("branching_factor", c.branching_factor);
  f("tree_depth", c.tree_depth);
  f("openvino_sampling", c.openvino_sampling);
}

constexpr const char* kCriteria[] = {"EARLY", "HEURISTIC", "NEVER"};

[[noreturn]] void refuse(const char* name, const Json& got, const char* expected) {
  fail(ErrorCode::InvalidArgument, "generation config: {} is {}, expected {}", name, got.dump(),
       expected);
}

void assign(const char* name, const Json& json, bool& field) {
  if (!json.is_boolean()) refuse(name, json, "true or false");
  field = json.get<bool>();
}

void assign(const char* name, const Json& json, size_t& field) {
  if (!json.is_number_unsigned()) refuse(name, json, "a number from 0");
  field = json.get<size_t>();
}

void assign(const char* name, const Json& json, int64_t& field) {
  if (!json.is_number_integer()) refuse(name, json, "a whole number");
  field = json.get<int64_t>();
}

void assign(const char* name, const Json& json, float& field) {
  if (!json.is_number()) refuse(name, json, "a number");
  field = json.get<float>();
}

void assign(const char* name, const Json& json, std::set<int64_t>& field) {
  if (!json.is_array()) refuse(name, json, "a list of tokens");
  field.clear();
  for (const Json& one : json) {
    int64_t token = 0;
    assign(name, one, token);
    field.insert(token);
  }
}

void assign(const char* name, const Json& json, std::set<std::string>& field) {
  if (!json.is_array()) refuse(name, json, "a list of texts");
  field.clear();
  for (const Json& one : json) {
    if (!one.is_string()) refuse(name, json, "a list of texts");
    field.insert(one.get<std::string>());
  }
}

void assign(const char* name, const Json& json, StopCriteria& field) {
  const auto it = std::find(std::begin(kCriteria), std::end(kCriteria), json);
  if (it == std::end(kCriteria)) refuse(name, json, "EARLY, HEURISTIC or NEVER");
  field = StopCriteria(it - kCriteria);
}

template <typename T>
Json to_value(const T& field) {
  return field;
}
Json to_value(StopCriteria criteria) { return kCriteria[size_t(criteria)]; }

// Writes what transformers says otherwise in the words of the fields here.
void translate(Json& json, GenerationConfig& config) {
  if (const auto eos = json.find("eos_token_id"); eos != json.end() && eos->is_array()) {
    for (const Json& token : *eos)
      if (token.is_number_unsigned()) config.stop_token_ids.insert(token.get<int64_t>());
    *eos = eos->empty() ? Json(nullptr) : eos->front();
  }
  if (const auto early = json.find("early_stopping"); early != json.end() && !early->is_null())
    json["stop_criteria"] = *early == true ? "EARLY" : *early == false ? "HEURISTIC" : "NEVER";
  // There 0 means that they are off.
  for (const char* name : {"top_k", "no_repeat_ngram_size"})
    if (const auto it = json.find(name); it != json.end() && *it == 0) *it = nullptr;
  if (const auto it = json.find("stop_strings"); it != json.end() && it->is_string())
    *it = Json::array({*it});
}

void check(bool holds, const std::string& otherwise) {
  if (!holds) fail(ErrorCode::InvalidArgument, "generation config: {}", otherwise);
}

void validate_length(const GenerationConfig& c) {
  check(c.max_new_tokens > 0 || c.echo,
        "'max_new_tokens' must be greater than 0; if 'echo' is set, 0 is accepted too");
  check(c.min_new_tokens <= c.max_new_tokens,
        "'min_new_tokens' must be less than or equal to 'max_new_tokens'");
  const bool bounded = c.max_new_tokens != SIZE_MAX || c.max_length != SIZE_MAX;
  check(!c.ignore_eos || bounded,
        "'ignore_eos' is true, so either 'max_new_tokens' or 'max_length' must be defined");
  check(bounded || c.eos_token_id != -1 || !c.stop_token_ids.empty() || !c.stop_strings.empty(),
        "one of 'eos_token_id', 'stop_token_ids', 'stop_strings', 'max_new_tokens' and "
        "'max_length' must be defined");
  for (const int64_t token : c.stop_token_ids)
    check(token >= 0, fmt::format("'stop_token_ids' must be non-negative, but one is {}", token));
  check(c.stop_strings.count("") == 0, "'stop_strings' has an empty text");
}

void validate_beams(const GenerationConfig& c) {
  check(!c.do_sample,
        "beam search with sampling is not supported: set 'do_sample' to false or "
        "'num_beams' to 1");
  check(c.num_beam_groups > 0 && c.num_beams % c.num_beam_groups == 0,
        fmt::format("'num_beams' ({}) must be divisible by 'num_beam_groups' ({})", c.num_beams,
                    c.num_beam_groups));
  check(c.num_beams >= c.num_return_sequences,
        fmt::format("'num_beams' ({}) must be at least 'num_return_sequences' ({})", c.num_beams,
                    c.num_return_sequences));
  check(c.num_beam_groups == 1 || c.diversity_penalty != 0.0f,
        "'diversity_penalty' must not be 0 with more than one beam group");
  check(c.repetition_penalty == 1.0f && c.presence_penalty == 0.0f && c.frequency_penalty == 0.0f,
        "beam search knows no repetition, presence or frequency penalty");
}

void validate_sampling(const GenerationConfig& c) {
  check(c.top_p > 0.0f && c.top_p <= 1.0f,
        fmt::format("with 'do_sample' 'top_p' must be in (0, 1], but got {}", c.top_p));
  check(c.temperature > 0.0f,
        fmt::format("with 'do_sample' 'temperature' must be above 0, but got {}", c.temperature));
  check(c.min_p >= 0.0f && c.min_p < 1.0f,
        fmt::format("with 'do_sample' 'min_p' must be in [0, 1), but got {}", c.min_p));
}

void validate_assistance(const GenerationConfig& c) {
  check(c.assistant_confidence_threshold == 0.0f || c.num_assistant_tokens == 0,
        "'assistant_confidence_threshold' and 'num_assistant_tokens' exclude each other");
  check(c.max_ngram_size == 0 || c.num_assistant_tokens > 0,
        "'max_ngram_size' must be 0 unless 'num_assistant_tokens' is set: it is for prompt lookup");
  check(!c.is_assisting_generation() || (!c.is_beam_search() && c.num_return_sequences == 1),
        "assisted generation makes one sequence without beam search");
}

}  // namespace

GenerationConfig::GenerationConfig(const std::string& json_path) {
  Json json = Json::parse(read_text_file(json_path), nullptr, false);
  if (!json.is_object()) fail(ErrorCode::InvalidModel, "{}: it is no JSON object", json_path);
  translate(json, *this);
  visit_fields(*this, [&](const char* name, auto& field) {
    if (const auto it = json.find(name); it != json.end() && !it->is_null())
      assign(name, *it, field);
  });
  if (eos_token_id >= 0) stop_token_ids.insert(eos_token_id);
}

void GenerationConfig::update_generation_config(const JsonContainer& fields) {
  GenerationConfig changed = *this;
  for (const auto& [name, value] : fields.impl()->json.items()) {
    bool known = false;
    visit_fields(changed, [&, &name = name, &value = value](const char* field_name, auto& field) {
      if (name != field_name) return;
      known = true;
      assign(field_name, value, field);
    });
    if (!known) fail(ErrorCode::InvalidArgument, "generation config: there is no '{}'", name);
    if (name == "eos_token_id") changed.set_eos_token_id(changed.eos_token_id);
  }
  *this = std::move(changed);
}

JsonContainer GenerationConfig::to_json() const {
  Json json = Json::object();
  visit_fields(*this, [&](const char* name, const auto& field) { json[name] = to_value(field); });
  return container(std::move(json));
}

void GenerationConfig::validate() const {
  check(num_return_sequences > 0, "'num_return_sequences' must be greater than 0");
  check(num_return_sequences == 1 || is_multinomial() || is_beam_search(),
        fmt::format("'num_return_sequences' can be more than 1 only with beam search or "
                    "multinomial sampling, but got {}",
                    num_return_sequences));
  check(presence_penalty >= -2.0f && presence_penalty <= 2.0f,
        fmt::format("'presence_penalty' must be within [-2, 2], but got {}", presence_penalty));
  check(frequency_penalty >= -2.0f && frequency_penalty <= 2.0f,
        fmt::format("'frequency_penalty' must be within [-2, 2], but got {}", frequency_penalty));
  check(repetition_penalty > 0.0f,
        fmt::format("'repetition_penalty' must be above 0, but got {}", repetition_penalty));
  validate_length(*this);
  if (is_beam_search()) validate_beams(*this);
  if (is_multinomial()) validate_sampling(*this);
  validate_assistance(*this);
}

void GenerationConfig::set_eos_token_id(int64_t token) {
  eos_token_id = token;
  if (token >= 0) stop_token_ids.insert(token);
}

size_t GenerationConfig::get_max_new_tokens(size_t prompt_length) const {
  if (max_new_tokens != SIZE_MAX) return max_new_tokens;
  if (max_length == SIZE_MAX) return SIZE_MAX;
  return max_length - std::min(max_length, prompt_length);
}

}  // namespace vireo::genai
