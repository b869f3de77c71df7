// GenerationConfig.
#include <nanobind/stl/set.h>

#include "generation.h"
#include "vireo/genai/sampling.h"

namespace vireo::python {

using genai::GenerationConfig;
using genai::StopCriteria;

namespace {

void bind_fields(nb::class_<GenerationConfig>& config) {
#define VIREO_FIELD(name) config.def_rw(#name, &GenerationConfig::name)
  VIREO_FIELD(max_new_tokens);
  VIREO_FIELD(max_length);
  VIREO_FIELD(min_new_tokens);
  VIREO_FIELD(ignore_eos);
  VIREO_FIELD(echo);
  VIREO_FIELD(eos_token_id);
  VIREO_FIELD(stop_token_ids);
  VIREO_FIELD(stop_strings);
  VIREO_FIELD(include_stop_str_in_output);
  VIREO_FIELD(repetition_penalty);
  VIREO_FIELD(presence_penalty);
  VIREO_FIELD(frequency_penalty);
  VIREO_FIELD(no_repeat_ngram_size);
  VIREO_FIELD(num_beams);
  VIREO_FIELD(num_beam_groups);
  VIREO_FIELD(diversity_penalty);
  VIREO_FIELD(length_penalty);
  VIREO_FIELD(stop_criteria);
  VIREO_FIELD(do_sample);
  VIREO_FIELD(temperature);
  VIREO_FIELD(top_p);
  VIREO_FIELD(top_k);
  VIREO_FIELD(min_p);
  VIREO_FIELD(rng_seed);
  VIREO_FIELD(num_return_sequences);
  VIREO_FIELD(logprobs);
  VIREO_FIELD(apply_chat_template);
  VIREO_FIELD(assistant_confidence_threshold);
  VIREO_FIELD(num_assistant_tokens);
  VIREO_FIELD(max_ngram_size);
  VIREO_FIELD(branching_factor);
  VIREO_FIELD(tree_depth);
  VIREO_FIELD(openvino_sampling);
#undef VIREO_FIELD
}

}  // namespace

void update_config(GenerationConfig& config, const nb::kwargs& fields) {
  GenerationConfig changed = config;
  nb::object view = nb::cast(&changed, nb::rv_policy::reference);
  for (auto [name, value] : fields) {
    if (!nb::hasattr(view, name))
      throw Error(ErrorCode::InvalidArgument,
                  "generation config: there is no '" + nb::cast<std::string>(name) + "'");
    try {
      nb::setattr(view, name, value);
    } catch (nb::python_error& error) {
      if (!error.matches(PyExc_TypeError)) throw;
      throw Error(ErrorCode::InvalidArgument,
                  std::string("generation config: ") + nb::cast<std::string>(name) + " is " +
                      nb::repr(value).c_str() + ", of another type than " +
                      nb::repr(view.attr(nb::str(name))).c_str());
    }
  }
  config = std::move(changed);
}

void bind_generation_config(nb::module_& m) {
  nb::enum_<StopCriteria>(m, "StopCriteria", "When beam search ends.")
      .value("EARLY", StopCriteria::EARLY,
             "as soon as there are as many finished sequences as beams")
      .value("HEURISTIC", StopCriteria::HEURISTIC, "when a better one is unlikely")
      .value("NEVER", StopCriteria::NEVER, "when no better one is possible");

  nb::class_<GenerationConfig> config(m, "GenerationConfig", "How text is generated.");
  config.def(nb::init<>())
      .def(
          "__init__",
          [](GenerationConfig* c, nb::object path, const nb::kwargs& fields) {
            new (c) GenerationConfig(to_path(path));
            update_config(*c, fields);
          },
          nb::arg("json_path"), nb::arg("kwargs"))
      .def(
          "__init__",
          [](GenerationConfig* c, const nb::kwargs& fields) {
            new (c) GenerationConfig();
            update_config(*c, fields);
          },
          nb::arg("kwargs"))
      .def("update_generation_config", &update_config, nb::arg("kwargs"))
      .def("validate", &GenerationConfig::validate)
      .def("set_eos_token_id", &GenerationConfig::set_eos_token_id,
           nb::arg("tokenizer_eos_token_id"))
      .def("is_greedy_decoding", &GenerationConfig::is_greedy_decoding)
      .def("is_beam_search", &GenerationConfig::is_beam_search)
      .def("is_multinomial", &GenerationConfig::is_multinomial)
      .def("is_tree_search", &GenerationConfig::is_tree_search)
      .def("is_assisting_generation", &GenerationConfig::is_assisting_generation)
      .def("is_prompt_lookup", &GenerationConfig::is_prompt_lookup)
      .def("__copy__", [](const GenerationConfig& c) { return c; })
      .def(
          "__deepcopy__", [](const GenerationConfig& c, nb::handle) { return c; }, nb::arg("memo"))
      .def("__repr__", [](const GenerationConfig& c) {
        return "<GenerationConfig " + c.to_json().to_json_string() + ">";
      });
  bind_fields(config);

  m.def(
      "next_token_distribution",
      [](const GenerationConfig& c, nb::handle logits, const std::vector<int64_t>& prompt,
         const std::vector<int64_t>& output) {
        return genai::next_token_distribution(c, to_tensor(logits, element::f32, true), prompt,
                                              output);
      },
      nb::arg("config"), nb::arg("logits"), nb::arg("prompt"),
      nb::arg("output") = std::vector<int64_t>(),
      "Every token that may come next and its probability, the most likely first: what the "
      "configuration makes of a row of scores.");
}

}  // namespace vireo::python
