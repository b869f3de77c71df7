#include "vireo/genai/continuous_batching_pipeline.h"

#include <algorithm>

#include "base/support/error.h"
#include "genai/batching/bound_model.h"
#include "genai/batching/run.h"
#include "genai/language_model.h"
#include "genai/model_folder.h"

namespace vireo::genai {
namespace {

std::vector<int64_t> tokens_of(const Tensor& input_ids) {
  const Tensor dense = input_ids ? input_ids.dense() : Tensor();
  if (!dense || dense.get_element_type() != element::i64 || dense.get_shape().empty() ||
      dense.get_size() != dense.get_shape().back())
    fail(ErrorCode::InvalidArgument, "add_request: input_ids are no i64 [1, length]");
  return {dense.data<int64_t>(), dense.data<int64_t>() + dense.get_size()};
}

// A text is a message of a user, if it shall be and the model has a template that says how those
// are written.
std::vector<int64_t> encode_prompt(const Tokenizer& tokenizer, const std::string& text,
                                   bool templated) {
  if (!templated || tokenizer.get_chat_template().empty())
    return tokens_of(tokenizer.encode(text).input_ids);
  ChatHistory message;
  message.push_back({{"role", "user"}, {"content", text}});
  return tokens_of(
      tokenizer
          .encode(tokenizer.apply_chat_template(message, true), {{"add_special_tokens", false}})
          .input_ids);
}

GenerationOutput output_of(const Sequence& sequence) {
  return {sequence.tokens, sequence.log_probs, sequence.score, sequence.reason};
}

}  // namespace

struct GenerationHandle::Impl {
  std::shared_ptr<Request> request;
  size_t read = 0;        // of the tokens of a single sequence
  bool finished = false;  // the end was read too

  bool single() const {
    return request->config.num_return_sequences == 1 && !request->config.is_beam_search();
  }
};

GenerationStatus GenerationHandle::get_status() const {
  const std::lock_guard lock(impl_->request->mutex);
  return impl_->request->status;
}

bool GenerationHandle::can_read() const {
  const std::lock_guard lock(impl_->request->mutex);
  const Request& request = *impl_->request;
  if (request.status == GenerationStatus::CANCEL || request.status == GenerationStatus::IGNORED)
    return false;
  if (impl_->single() && request.told.size() > impl_->read) return true;
  return request.status != GenerationStatus::RUNNING && !impl_->finished &&
         !request.sequences.empty();
}

GenerationOutputs GenerationHandle::read() {
  const std::lock_guard lock(impl_->request->mutex);
  const Request& request = *impl_->request;
  GenerationOutputs outputs;
  const bool done = request.status != GenerationStatus::RUNNING;
  if (impl_->single()) {
    GenerationOutput& output = outputs[0];
    const std::vector<int64_t>& tokens = done ? request.sequences[0].tokens : request.told;
    if (tokens.size() > impl_->read)
      output.generated_ids.assign(tokens.begin() + std::ptrdiff_t(impl_->read), tokens.end());
    impl_->read = std::max(impl_->read, tokens.size());
    if (done) {
      output.score = request.sequences[0].score;
      output.finish_reason = request.sequences[0].reason;
    }
  } else if (done) {
    for (size_t i = 0; i < request.sequences.size(); ++i)
      outputs[i] = output_of(request.sequences[i]);
  }
  impl_->finished = done;
  return outputs;
}

std::vector<GenerationOutput> GenerationHandle::read_all() const {
  const std::lock_guard lock(impl_->request->mutex);
  const Request& request = *impl_->request;
  std::vector<GenerationOutput> outputs;
  for (const Sequence& sequence : request.sequences) outputs.push_back(output_of(sequence));
  if (request.status == GenerationStatus::RUNNING && impl_->single())
    outputs.push_back({request.told, {}, 0, {}});
  return outputs;
}

void GenerationHandle::stop() { impl_->request->stops = true; }
void GenerationHandle::cancel() { impl_->request->cancels = true; }

PerfMetrics GenerationHandle::get_perf_metrics() const {
  const std::lock_guard lock(impl_->request->mutex);
  return impl_->request->metrics;
}

struct ContinuousBatchingPipeline::Impl {
  Impl(const std::string& path, const std::shared_ptr<Model>& read, const Tokenizer& with,
       const SchedulerConfig& scheduler, const std::string& device, const AnyMap& properties)
      : tokenizer(with),
        settings(ModelSettings::read(path, with)),
        model(open_language_model(read, device, properties)),
        engine(model.make_engine(scheduler)) {
    settings.vocabulary = vocabulary_of(*read);
  }

  std::shared_ptr<Request> request_of(uint64_t id, std::vector<int64_t> prompt,
                                      const GenerationConfig& given) {
    const GenerationConfig config = settings.completed(given);
    config.validate();
    const size_t room = settings.room(prompt, config);
    return std::make_shared<Request>(id, Task{config, std::move(prompt), room, tokenizer});
  }
  std::vector<std::shared_ptr<Request>> run(const std::vector<std::vector<int64_t>>& prompts,
                                            const std::vector<GenerationConfig>& configs,
                                            const StreamerVariant& streamer);

  Tokenizer tokenizer;
  ModelSettings settings;
  BoundModel model;
  std::unique_ptr<Engine> engine;
};

std::vector<std::shared_ptr<Request>> ContinuousBatchingPipeline::Impl::run(
    const std::vector<std::vector<int64_t>>& prompts, const std::vector<GenerationConfig>& configs,
    const StreamerVariant& streamer) {
  if (configs.size() != prompts.size() && configs.size() != 1)
    fail(ErrorCode::InvalidArgument,
         "generate: {} configurations for {} prompts, expected one for each, or one",
         configs.size(), prompts.size());
  Stream stream(streamer, tokenizer);
  if (stream &&
      (prompts.size() != 1 || configs[0].num_return_sequences != 1 || configs[0].is_beam_search()))
    fail(ErrorCode::InvalidArgument,
         "generate: streaming is for one prompt and one sequence without beam search");
  std::vector<std::shared_ptr<Request>> requests;
  for (size_t i = 0; i < prompts.size(); ++i)
    requests.push_back(request_of(i, prompts[i], configs[configs.size() == 1 ? 0 : i]));
  run_requests(*engine, requests, stream);
  return requests;
}

ContinuousBatchingPipeline::ContinuousBatchingPipeline(const std::string& models_path,
                                                       const SchedulerConfig& scheduler_config,
                                                       const std::string& device,
                                                       const AnyMap& properties)
    : ContinuousBatchingPipeline(models_path, Tokenizer(models_path), scheduler_config, device,
                                 properties) {}

ContinuousBatchingPipeline::ContinuousBatchingPipeline(const std::string& models_path,
                                                       const Tokenizer& tokenizer,
                                                       const SchedulerConfig& scheduler_config,
                                                       const std::string& device,
                                                       const AnyMap& properties)
    : impl_(std::make_unique<Impl>(models_path, Core().read_model(models_path, {}, properties),
                                   tokenizer, scheduler_config, device, properties)) {}

ContinuousBatchingPipeline::~ContinuousBatchingPipeline() = default;
ContinuousBatchingPipeline::ContinuousBatchingPipeline(ContinuousBatchingPipeline&&) noexcept =
    default;

GenerationHandle ContinuousBatchingPipeline::add_request(uint64_t request_id,
                                                         const Tensor& input_ids,
                                                         const GenerationConfig& config) {
  const auto request = impl_->request_of(request_id, tokens_of(input_ids), config);
  impl_->engine->add(request);
  return GenerationHandle(
      std::make_shared<GenerationHandle::Impl>(GenerationHandle::Impl{request}));
}

GenerationHandle ContinuousBatchingPipeline::add_request(uint64_t request_id,
                                                         const std::string& prompt,
                                                         const GenerationConfig& config) {
  return add_request(request_id, impl_->tokenizer.encode(prompt).input_ids, config);
}

void ContinuousBatchingPipeline::step() { impl_->engine->step(); }
bool ContinuousBatchingPipeline::has_non_finished_requests() const {
  return !impl_->engine->idle();
}

std::vector<EncodedGenerationResult> ContinuousBatchingPipeline::generate(
    const std::vector<Tensor>& input_ids, const std::vector<GenerationConfig>& configs,
    const StreamerVariant& streamer) {
  std::vector<std::vector<int64_t>> prompts;
  for (const Tensor& tokens : input_ids) prompts.push_back(tokens_of(tokens));
  std::vector<EncodedGenerationResult> results;
  for (const auto& request : impl_->run(prompts, configs, streamer)) {
    results.push_back({request->id, {}, {}, request->status, request->metrics});
    for (const Sequence& sequence : request->sequences) {
      results.back().m_generation_ids.push_back(sequence.tokens);
      results.back().m_scores.push_back(sequence.score);
    }
  }
  return results;
}

std::vector<GenerationResult> ContinuousBatchingPipeline::generate(
    const std::vector<std::string>& prompts, const std::vector<GenerationConfig>& configs,
    const StreamerVariant& streamer) {
  std::vector<std::vector<int64_t>> tokens;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const bool templated =
        !configs.empty() && configs[configs.size() == 1 ? 0 : i].apply_chat_template;
    tokens.push_back(encode_prompt(impl_->tokenizer, prompts[i], templated));
  }
  std::vector<GenerationResult> results;
  for (const auto& request : impl_->run(tokens, configs, streamer)) {
    results.push_back({request->id, {}, {}, request->status, request->metrics});
    for (const Sequence& sequence : request->sequences) {
      std::string text = impl_->tokenizer.decode(sequence.tokens);
      text.resize(text.size() - std::min(text.size(), sequence.dropped_bytes));
      results.back().m_generation_ids.push_back(std::move(text));
      results.back().m_scores.push_back(sequence.score);
    }
  }
  return results;
}

Tokenizer ContinuousBatchingPipeline::get_tokenizer() const { return impl_->tokenizer; }
GenerationConfig ContinuousBatchingPipeline::get_config() const { return impl_->settings.config; }
PipelineMetrics ContinuousBatchingPipeline::get_metrics() const { return impl_->engine->metrics(); }

}  // namespace vireo::genai
