// ContinuousBatchingPipeline and what belongs to it.
#include <nanobind/stl/map.h>

#include "generation.h"
#include "vireo/genai/continuous_batching_pipeline.h"

namespace vireo::python {

using namespace genai;

namespace {

using Configs = std::vector<GenerationConfig>;

void bind_handles(nb::module_& m) {
  nb::class_<GenerationOutput>(m, "GenerationOutput", "What a sequence got.")
      .def_ro("generated_ids", &GenerationOutput::generated_ids)
      .def_ro("generated_log_probs", &GenerationOutput::generated_log_probs)
      .def_ro("score", &GenerationOutput::score)
      .def_ro("finish_reason", &GenerationOutput::finish_reason);
  nb::class_<GenerationHandle>(m, "GenerationHandle", "A request on its way.")
      .def("get_status", &GenerationHandle::get_status)
      .def("can_read", &GenerationHandle::can_read)
      .def("read", &GenerationHandle::read,
           "The tokens that came since the last read, by number of the sequence.")
      .def("read_all", &GenerationHandle::read_all)
      .def("stop", &GenerationHandle::stop)
      .def("cancel", &GenerationHandle::cancel)
      .def("get_perf_metrics", &GenerationHandle::get_perf_metrics);
}

template <typename Result>
void bind_result(nb::module_& m, const char* name, const char* doc) {
  nb::class_<Result>(m, name, doc)
      .def_ro("m_request_id", &Result::m_request_id)
      .def_ro("m_generation_ids", &Result::m_generation_ids)
      .def_ro("m_scores", &Result::m_scores)
      .def_ro("m_status", &Result::m_status)
      .def_ro("perf_metrics", &Result::perf_metrics)
      .def("get_generation_ids", [](const Result& r) { return r.m_generation_ids; });
}

Configs configs_of(nb::handle given) {
  if (nb::isinstance<GenerationConfig>(given)) return {nb::cast<GenerationConfig>(given)};
  return nb::cast<Configs>(given);
}

template <typename Prompts>
nb::object run(ContinuousBatchingPipeline& pipeline, const Prompts& prompts, const Configs& configs,
               const StreamerVariant& streamer) {
  nb::gil_scoped_release release;
  auto results = pipeline.generate(prompts, configs, streamer);
  nb::gil_scoped_acquire acquire;
  return nb::cast(std::move(results));
}

nb::object generate(ContinuousBatchingPipeline& pipeline, nb::handle prompts,
                    nb::handle generation_config, nb::handle streamer) {
  const Configs configs = configs_of(generation_config);
  const StreamerVariant to = to_streamer(streamer);
  if (nb::isinstance<nb::str>(prompts))
    return run(pipeline, std::vector<std::string>{nb::cast<std::string>(prompts)}, configs, to);
  std::vector<std::string> texts;
  if (nb::try_cast(prompts, texts)) return run(pipeline, texts, configs, to);
  std::vector<Tensor> tokens;
  for (nb::handle one : prompts) tokens.push_back(to_tensor(one, element::i64, true));
  return run(pipeline, tokens, configs, to);
}

}  // namespace

void bind_batching(nb::module_& m) {
  nb::class_<SchedulerConfig>(m, "SchedulerConfig", "What continuous batching may use.")
      .def(nb::init<>())
      .def_rw("max_num_batched_tokens", &SchedulerConfig::max_num_batched_tokens)
      .def_rw("num_kv_blocks", &SchedulerConfig::num_kv_blocks)
      .def_rw("cache_size", &SchedulerConfig::cache_size)
      .def_rw("dynamic_split_fuse", &SchedulerConfig::dynamic_split_fuse)
      .def_rw("max_num_seqs", &SchedulerConfig::max_num_seqs)
      .def_rw("enable_prefix_caching", &SchedulerConfig::enable_prefix_caching)
      .def_rw("use_cache_eviction", &SchedulerConfig::use_cache_eviction)
      .def_rw("use_sparse_attention", &SchedulerConfig::use_sparse_attention)
      .def("to_string", &SchedulerConfig::to_string)
      .def("__repr__", &SchedulerConfig::to_string);
  nb::enum_<GenerationStatus>(m, "GenerationStatus", "Where a request stands.")
      .value("RUNNING", GenerationStatus::RUNNING)
      .value("FINISHED", GenerationStatus::FINISHED)
      .value("IGNORED", GenerationStatus::IGNORED, "the cache is too small for it alone")
      .value("CANCEL", GenerationStatus::CANCEL)
      .value("STOP", GenerationStatus::STOP);
  bind_handles(m);
  bind_result<EncodedGenerationResult>(m, "EncodedGenerationResult", "The tokens of a request.");
  bind_result<GenerationResult>(m, "GenerationResult", "The texts of a request.");
  nb::class_<PipelineMetrics>(m, "PipelineMetrics",
                              "What a pipeline has to do, and how full its cache is.")
      .def_ro("requests", &PipelineMetrics::requests)
      .def_ro("scheduled_requests", &PipelineMetrics::scheduled_requests)
      .def_ro("cache_usage", &PipelineMetrics::cache_usage)
      .def_ro("max_cache_usage", &PipelineMetrics::max_cache_usage)
      .def_ro("avg_cache_usage", &PipelineMetrics::avg_cache_usage)
      .def_ro("cache_size_in_bytes", &PipelineMetrics::cache_size_in_bytes);

  nb::class_<ContinuousBatchingPipeline>(m, "ContinuousBatchingPipeline", "Many requests at once.")
      .def(
          "__init__",
          [](ContinuousBatchingPipeline* p, nb::object path, const SchedulerConfig& scheduler,
             const std::string& device, nb::object properties, nb::object, nb::object) {
            new (p) ContinuousBatchingPipeline(to_path(path), scheduler, device,
                                               to_any_map(properties));
          },
          nb::arg("models_path"), nb::arg("scheduler_config"), nb::arg("device") = "CPU",
          nb::arg("properties") = nb::none(), nb::arg("tokenizer_properties") = nb::none(),
          nb::arg("vision_encoder_properties") = nb::none())
      .def(
          "__init__",
          [](ContinuousBatchingPipeline* p, nb::object path, const Tokenizer& tokenizer,
             const SchedulerConfig& scheduler, const std::string& device,
             const nb::kwargs& properties) {
            new (p) ContinuousBatchingPipeline(to_path(path), tokenizer, scheduler, device,
                                               to_any_map(properties));
          },
          nb::arg("models_path"), nb::arg("tokenizer"), nb::arg("scheduler_config"),
          nb::arg("device") = "CPU", nb::arg("kwargs"))
      .def(
          "add_request",
          [](ContinuousBatchingPipeline& p, uint64_t id, nb::handle prompt,
             const GenerationConfig& config) {
            if (nb::isinstance<nb::str>(prompt))
              return p.add_request(id, nb::cast<std::string>(prompt), config);
            return p.add_request(id, to_tensor(prompt, element::i64, false), config);
          },
          nb::arg("request_id"), nb::arg("input_ids"), nb::arg("generation_config"),
          "Tokens [1, length], or a text as it is.")
      .def("step", &ContinuousBatchingPipeline::step, nb::call_guard<nb::gil_scoped_release>())
      .def("has_non_finished_requests", &ContinuousBatchingPipeline::has_non_finished_requests)
      .def("generate", &generate, nb::arg("prompts"), nb::arg("generation_config"),
           nb::arg("streamer") = nb::none(),
           "A text, texts, or arrays of tokens; a configuration for each, or one.")
      .def("get_tokenizer", &ContinuousBatchingPipeline::get_tokenizer)
      .def("get_config", &ContinuousBatchingPipeline::get_config)
      .def("get_metrics", &ContinuousBatchingPipeline::get_metrics);
}

}  // namespace vireo::python
