// LLMPipeline.
#include <nanobind/stl/optional.h>

#include "chat_history.h"
#include "generation.h"
#include "vireo/genai/llm_pipeline.h"

namespace vireo::python {

using namespace genai;

namespace {

// Properties of the device, and those of the pipeline that are objects or switches of its own.
struct Properties {
  AnyMap device;
  std::optional<SchedulerConfig> scheduler;
  std::optional<DraftModel> draft;
};

// As OpenVINO GenAI sets its scheduler up where none is given.
SchedulerConfig usual_scheduler() {
  SchedulerConfig config;
  config.max_num_batched_tokens = SIZE_MAX;
  config.enable_prefix_caching = true;
  return config;
}

// An object among the properties, which leaves them.
template <typename T>
std::optional<T> take(nb::dict& all, const char* name, const char* expected) {
  if (!all.contains(name)) return std::nullopt;
  const nb::object given = all[name];
  if (!nb::isinstance<T>(given))
    throw Error(ErrorCode::InvalidArgument,
                std::string(name) + " is " + nb::repr(given).c_str() + ", expected a " + expected);
  nb::del(all[name]);
  return nb::cast<T>(given);
}

Properties merged(nb::handle config, const nb::kwargs& kwargs) {
  nb::dict all;
  if (!config.is_none()) all.update(nb::cast<nb::dict>(config));
  all.update(kwargs);
  Properties properties;
  if (all.contains("prompt_lookup")) {
    if (nb::cast<bool>(all["prompt_lookup"])) properties.scheduler = usual_scheduler();
    nb::del(all["prompt_lookup"]);
  }
  properties.draft = take<DraftModel>(all, "draft_model", "draft_model(...)");
  if (properties.draft) properties.scheduler = usual_scheduler();
  if (auto scheduler = take<SchedulerConfig>(all, "scheduler_config", "SchedulerConfig"))
    properties.scheduler = std::move(scheduler);
  properties.device = to_any_map(all);
  return properties;
}

std::optional<GenerationConfig> config_of(const LLMPipeline& pipeline, nb::handle given,
                                          const nb::kwargs& fields) {
  if (given.is_none() && fields.size() == 0) return std::nullopt;
  GenerationConfig config = pipeline.get_generation_config();
  if (nb::isinstance<nb::dict>(given))
    update_config(config, nb::cast<nb::kwargs>(given));
  else if (!given.is_none())
    config = nb::cast<GenerationConfig>(given);
  update_config(config, fields);
  return config;
}

template <typename Inputs>
auto run(LLMPipeline& pipeline, const Inputs& inputs, const std::optional<GenerationConfig>& config,
         const StreamerVariant& streamer) {
  nb::gil_scoped_release release;
  return pipeline.generate(inputs, config, streamer);
}

// A text gives a text, unless several were asked for; texts and conversations give DecodedResults,
// tokens EncodedResults.
nb::object generate(LLMPipeline& pipeline, nb::handle inputs, nb::handle generation_config,
                    nb::handle streamer, const nb::kwargs& fields) {
  const auto config = config_of(pipeline, generation_config, fields);
  const StreamerVariant to = to_streamer(streamer);
  if (nb::isinstance<nb::str>(inputs)) {
    DecodedResults results =
        run(pipeline, LLMPipeline::StringInputs(nb::cast<std::string>(inputs)), config, to);
    if (results.texts.size() == 1) return nb::cast(results.texts[0]);
    return nb::cast(std::move(results));
  }
  if (nb::isinstance<ChatHistory>(inputs))
    return nb::cast(
        run(pipeline, LLMPipeline::StringInputs(nb::cast<ChatHistory>(inputs)), config, to));
  if (nb::isinstance<TokenizedInputs>(inputs))
    return nb::cast(
        run(pipeline, LLMPipeline::EncodedInputs(nb::cast<TokenizedInputs>(inputs)), config, to));
  std::vector<std::string> texts;
  if (nb::isinstance<nb::sequence>(inputs) && nb::try_cast(inputs, texts))
    return nb::cast(run(pipeline, LLMPipeline::StringInputs(std::move(texts)), config, to));
  return nb::cast(
      run(pipeline, LLMPipeline::EncodedInputs(to_tensor(inputs, element::i64, true)), config, to));
}

}  // namespace

void bind_pipelines(nb::module_& m) {
  nb::class_<DraftModel>(
      m, "DraftModel",
      "A smaller model with the same tokens, which guesses what the large one checks.")
      .def_ro("path", &DraftModel::path)
      .def("__repr__", [](const DraftModel& d) { return "<DraftModel '" + d.path + "'>"; });
  m.def(
      "draft_model",
      [](nb::object path, const std::string& device, const nb::kwargs& properties) {
        return DraftModel{to_path(path), device.empty() ? "CPU" : device, to_any_map(properties)};
      },
      nb::arg("models_path"), nb::arg("device") = "", nb::arg("kwargs"),
      "For LLMPipeline(..., draft_model=).");

  nb::class_<LLMPipeline>(m, "LLMPipeline", "A language model that answers prompts.")
      .def(
          "__init__",
          [](LLMPipeline* p, const Model& model, const Tokenizer& tokenizer,
             const std::string& device, nb::handle generation_config, const nb::kwargs& kwargs) {
            const GenerationConfig config = generation_config.is_none()
                                                ? GenerationConfig()
                                                : nb::cast<GenerationConfig>(generation_config);
            const AnyMap properties = to_any_map(kwargs);
            nb::gil_scoped_release release;
            new (p)
                LLMPipeline(std::make_shared<Model>(model), tokenizer, device, properties, config);
          },
          nb::arg("model"), nb::arg("tokenizer"), nb::arg("device") = "CPU",
          nb::arg("generation_config") = nb::none(), nb::arg("kwargs"))
      .def(
          "__init__",
          [](LLMPipeline* p, nb::object path, const Tokenizer& tokenizer, const std::string& device,
             nb::object config, const nb::kwargs& kwargs) {
            if (const InferRequest request = to_request(path)) {
              new (p) LLMPipeline(request, tokenizer,
                                  nb::isinstance<GenerationConfig>(config)
                                      ? nb::cast<GenerationConfig>(config)
                                      : GenerationConfig());
              return;
            }
            const std::string folder = to_path(path);
            const Properties properties = merged(config, kwargs);
            nb::gil_scoped_release release;
            if (properties.scheduler)
              new (p) LLMPipeline(folder, *properties.scheduler, device, properties.device,
                                  tokenizer, properties.draft);
            else
              new (p) LLMPipeline(folder, tokenizer, device, properties.device);
          },
          nb::arg("models_path"), nb::arg("tokenizer"), nb::arg("device") = "CPU",
          nb::arg("config") = nb::none(), nb::arg("kwargs"),
          "A path, or the InferRequest of a model as it was compiled.")
      .def(
          "__init__",
          [](LLMPipeline* p, const std::string& model, nb::handle weights,
             const Tokenizer& tokenizer, const std::string& device, nb::handle generation_config,
             const nb::kwargs& kwargs) {
            const Tensor bytes = to_tensor(weights, element::u8, true);
            const auto read = Core().read_model_from_memory(model.data(), model.size(), bytes);
            const GenerationConfig config = generation_config.is_none()
                                                ? GenerationConfig()
                                                : nb::cast<GenerationConfig>(generation_config);
            new (p) LLMPipeline(read, tokenizer, device, to_any_map(kwargs), config);
          },
          nb::arg("model"), nb::arg("weights"), nb::arg("tokenizer"), nb::arg("device"),
          nb::arg("generation_config") = nb::none(), nb::arg("kwargs"))
      .def(
          "__init__",
          [](LLMPipeline* p, nb::object path, const std::string& device, nb::object config,
             const nb::kwargs& kwargs) {
            const std::string folder = to_path(path);
            const Properties properties = merged(config, kwargs);
            nb::gil_scoped_release release;
            if (properties.scheduler)
              new (p) LLMPipeline(folder, *properties.scheduler, device, properties.device, {},
                                  properties.draft);
            else
              new (p) LLMPipeline(folder, device, properties.device);
          },
          nb::arg("models_path"), nb::arg("device") = "CPU", nb::arg("config") = nb::none(),
          nb::arg("kwargs"))
      .def("generate", &generate, nb::arg("inputs"), nb::arg("generation_config") = nb::none(),
           nb::arg("streamer") = nb::none(), nb::arg("kwargs"),
           "Answers a text, texts, a ChatHistory, or tokens as TokenizedInputs or an array [batch, "
           "length]. Fields of the configuration may be\n"
           "given by name. The streamer gets text, or tokens if it is a StreamerBase, as it comes.")
      .def("__call__", &generate, nb::arg("inputs"), nb::arg("generation_config") = nb::none(),
           nb::arg("streamer") = nb::none(), nb::arg("kwargs"))
      .def("start_chat", &LLMPipeline::start_chat, nb::arg("system_message") = "",
           "From here on a text is the next message of a user, and the answers are remembered.")
      .def("finish_chat", &LLMPipeline::finish_chat)
      .def("get_tokenizer", &LLMPipeline::get_tokenizer)
      .def("get_generation_config", &LLMPipeline::get_generation_config)
      .def("set_generation_config", &LLMPipeline::set_generation_config, nb::arg("config"));
}

}  // namespace vireo::python
