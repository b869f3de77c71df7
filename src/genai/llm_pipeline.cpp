#include "vireo/genai/llm_pipeline.h"

#include <algorithm>

#include "base/support/error.h"
#include "genai/batching/draft.h"
#include "genai/batching/run.h"
#include "genai/model_folder.h"

namespace vireo::genai {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

std::vector<Prompt> prompts_of(const TokenizedInputs& inputs) {
  const Tensor ids = inputs.input_ids.dense();
  const Shape& shape = ids.get_shape();
  if (shape.size() != 2 || ids.get_element_type() != element::i64)
    fail(ErrorCode::InvalidArgument, "generate: input_ids are {}{}, expected i64 [batch, length]",
         ids.get_element_type().name(), shape.to_string());
  const Tensor mask = inputs.attention_mask ? inputs.attention_mask.dense() : Tensor();
  if (mask && (mask.get_shape() != shape || mask.get_element_type() != element::i64))
    fail(ErrorCode::InvalidArgument, "generate: attention_mask is {}{}, expected i64{}",
         mask.get_element_type().name(), mask.get_shape().to_string(), shape.to_string());
  std::vector<Prompt> prompts(shape[0]);
  const int64_t* id = ids.data<int64_t>();
  const int64_t* on = mask ? mask.data<int64_t>() : nullptr;
  for (Prompt& prompt : prompts)
    for (size_t i = 0; i < shape[1]; ++i, ++id)
      if (!on || *on++ != 0) prompt.tokens.push_back(*id);
  return prompts;
}

}  // namespace

struct LLMPipeline::Impl {
  Impl(InferRequest request, Tokenizer with)
      : model(std::move(request)), tokenizer(std::move(with)) {}
  // Through an engine instead: of several prompts each has its own length, and prefixes are kept.
  Impl(InferRequest request, Tokenizer with, const SchedulerConfig& scheduler,
       const std::optional<DraftModel>& smaller)
      : model(request),
        tokenizer(std::move(with)),
        bound(std::make_unique<BoundModel>(std::move(request))) {
    if (smaller)
      draft = std::make_unique<Draft>(
          open_language_model(Core().read_model(smaller->path, {}, smaller->properties),
                              smaller->device, smaller->properties));
    engine =
        draft ? bound->make_engine(
                    scheduler, [this](const Request& request, span<const int64_t> tokens,
                                      size_t most) { return draft->guess(request, tokens, most); })
              : bound->make_engine(scheduler);
  }

  GenerationConfig chosen(const std::optional<GenerationConfig>& given) const {
    const GenerationConfig result = given ? settings.completed(*given) : settings.config;
    result.validate();
    return result;
  }

  EncodedResults run(std::vector<Prompt> prompts, const GenerationConfig& how,
                     const StreamerVariant& streamer, Clock::time_point start, PerfMetrics metrics,
                     bool goes_on);
  DecodedResults decoded(EncodedResults results, const std::vector<size_t>& dropped,
                         Clock::time_point start);
  void reuse(Prompt& prompt);
  using Sequences = std::vector<std::vector<Sequence>>;  // of each prompt
  Sequences alone(std::vector<Prompt>& prompts, std::vector<Task> tasks, Stream& stream,
                  PerfMetrics& metrics, Clock::time_point start, bool goes_on);
  Sequences batched(std::vector<Task> tasks, Stream& stream, PerfMetrics& metrics,
                    Clock::time_point start);
  EncodedResults collected(const Sequences& sequences, const std::vector<Prompt>& prompts,
                           const GenerationConfig& how);
  std::vector<Prompt> encode(const StringInputs& inputs, const GenerationConfig& how,
                             PerfMetrics& metrics);
  std::string rendered(const ChatHistory& history, PerfMetrics& metrics) const;
  DecodedResults generate(const StringInputs& inputs, const GenerationConfig& how,
                          const StreamerVariant& streamer);
  DecodedResults answer(const std::string& message, const GenerationConfig& how,
                        const StreamerVariant& streamer);

  LanguageModel model;
  Tokenizer tokenizer;
  std::unique_ptr<BoundModel> bound;  // with a scheduler
  std::unique_ptr<Draft> draft;       // that guesses
  std::unique_ptr<Engine> engine;
  ModelSettings settings;
  float load_time = 0;                // ms
  std::vector<int64_t> cached;        // tokens in the model's cache, if it holds one sequence
  std::vector<size_t> dropped_bytes;  // of the texts of the last results
  StreamingStatus status = StreamingStatus::RUNNING;
  bool chatting = false;
  ChatHistory history;
};

// Finds how much of the prompt the cache knows, and forgets the rest of the cache.
void LLMPipeline::Impl::reuse(Prompt& prompt) {
  const size_t most = std::min(prompt.tokens.size() - 1, cached.size());
  const auto differs =
      std::mismatch(cached.begin(), cached.begin() + std::ptrdiff_t(most), prompt.tokens.begin());
  prompt.cached = size_t(differs.first - cached.begin());
  model.trim(prompt.cached);
}

EncodedResults LLMPipeline::Impl::run(std::vector<Prompt> prompts, const GenerationConfig& how,
                                      const StreamerVariant& streamer, Clock::time_point start,
                                      PerfMetrics metrics, bool goes_on) {
  Stream stream(streamer, tokenizer);
  if (prompts.empty()) fail(ErrorCode::InvalidArgument, "generate: there is no prompt");
  if (stream && (prompts.size() != 1 || how.num_return_sequences != 1 || how.is_beam_search()))
    fail(ErrorCode::InvalidArgument,
         "generate: streaming is for one prompt and one sequence without beam search");
  std::vector<Task> tasks;
  for (const Prompt& prompt : prompts) {
    metrics.num_input_tokens += prompt.tokens.size();
    tasks.push_back({how, prompt.tokens, settings.room(prompt.tokens, how), tokenizer});
  }
  if (how.echo) stream.write(prompts[0].tokens);
  const Sequences sequences =
      engine ? batched(std::move(tasks), stream, metrics, start)
             : alone(prompts, std::move(tasks), stream, metrics, start, goes_on);
  EncodedResults results = collected(sequences, prompts, how);
  for (const auto& of_prompt : sequences)
    for (const Sequence& one : of_prompt) metrics.num_generated_tokens += one.tokens.size();
  metrics.load_time = load_time;
  metrics.raw_metrics.generate_durations = {microseconds(Clock::now() - start)};
  results.perf_metrics = std::move(metrics);
  return results;
}

// With the model's own states.
LLMPipeline::Impl::Sequences LLMPipeline::Impl::alone(std::vector<Prompt>& prompts,
                                                      std::vector<Task> tasks, Stream& stream,
                                                      PerfMetrics& metrics, Clock::time_point start,
                                                      bool goes_on) {
  const GenerationConfig& how = tasks[0].config;
  const bool single = prompts.size() == 1 && how.num_return_sequences == 1 && !how.is_beam_search();
  if (goes_on && prompts.size() == 1)
    reuse(prompts[0]);
  else
    model.reset();
  cached.clear();
  std::vector<std::unique_ptr<Search>> searches;
  for (Task& task : tasks) searches.push_back(make_search(std::move(task)));
  Generation generation(model, std::move(searches), stream, metrics, start);
  try {
    status = generation.run(prompts);
    stream.end();
  } catch (...) {
    model.reset();
    throw;
  }
  Sequences sequences;
  for (size_t i = 0; i < prompts.size(); ++i) sequences.push_back(generation.search(i).results());
  if (single) {  // what the cache holds: all but the token chosen last
    cached = prompts[0].tokens;
    cached.insert(cached.end(), sequences[0][0].tokens.begin(), sequences[0][0].tokens.end());
    cached.resize(std::min(cached.size(), model.length()));
  }
  return sequences;
}

LLMPipeline::Impl::Sequences LLMPipeline::Impl::batched(std::vector<Task> tasks, Stream& stream,
                                                        PerfMetrics& metrics,
                                                        Clock::time_point start) {
  std::vector<std::shared_ptr<Request>> requests;
  for (Task& task : tasks) {
    requests.push_back(std::make_shared<Request>(requests.size(), std::move(task)));
    requests.back()->start = start;
  }
  status = run_requests(*engine, requests, stream);
  Sequences sequences;
  for (const auto& request : requests) {
    if (request->status == GenerationStatus::IGNORED)
      fail(ErrorCode::OutOfMemory,
           "generate: a prompt of {} tokens and its answer do not fit into the cache that "
           "scheduler_config grants",
           request->prompt.size());
    sequences.push_back(request->sequences);
    request->metrics.num_generated_tokens = request->metrics.num_input_tokens = 0;
    metrics += request->metrics;
  }
  return sequences;
}

EncodedResults LLMPipeline::Impl::collected(const Sequences& sequences,
                                            const std::vector<Prompt>& prompts,
                                            const GenerationConfig& how) {
  EncodedResults results;
  dropped_bytes.clear();
  for (size_t i = 0; i < prompts.size(); ++i)
    for (const Sequence& sequence : sequences[i]) {
      results.tokens.push_back(how.echo ? prompts[i].tokens : std::vector<int64_t>());
      results.tokens.back().insert(results.tokens.back().end(), sequence.tokens.begin(),
                                   sequence.tokens.end());
      results.scores.push_back(sequence.score);
      results.finish_reasons.push_back(sequence.reason);
      results.log_probs.push_back(sequence.log_probs);
      dropped_bytes.push_back(sequence.dropped_bytes);
    }
  return results;
}

std::string LLMPipeline::Impl::rendered(const ChatHistory& messages, PerfMetrics& metrics) const {
  const Clock::time_point from = Clock::now();
  std::string text = tokenizer.apply_chat_template(messages, true);
  metrics.raw_metrics.chat_template_durations.push_back(microseconds(Clock::now() - from));
  return text;
}

// Texts are messages of a user, if the model has a template that says how those are written.
std::vector<Prompt> LLMPipeline::Impl::encode(const StringInputs& inputs,
                                              const GenerationConfig& how, PerfMetrics& metrics) {
  const bool templated = how.apply_chat_template && !tokenizer.get_chat_template().empty();
  const auto message = [&](const std::string& text) {
    if (!templated) return text;
    return rendered(ChatHistory().push_back({{"role", "user"}, {"content", text}}), metrics);
  };
  std::vector<std::string> texts;
  std::visit(Overloaded{[&](const std::string& text) { texts.push_back(message(text)); },
                        [&](const std::vector<std::string>& all) {
                          for (const std::string& text : all) texts.push_back(message(text));
                        },
                        [&](const ChatHistory& messages) {
                          texts.push_back(rendered(messages, metrics));
                        }},
             inputs);
  const bool plain = !templated && !std::holds_alternative<ChatHistory>(inputs);
  const Clock::time_point from = Clock::now();
  TokenizedInputs tokens = tokenizer.encode(texts, {{"add_special_tokens", plain}});
  metrics.raw_metrics.tokenization_durations.push_back(microseconds(Clock::now() - from));
  return prompts_of(tokens);
}

DecodedResults LLMPipeline::Impl::decoded(EncodedResults results,
                                          const std::vector<size_t>& dropped,
                                          Clock::time_point start) {
  DecodedResults out;
  const Clock::time_point from = Clock::now();
  for (size_t i = 0; i < results.tokens.size(); ++i) {
    std::string text = tokenizer.decode(results.tokens[i]);
    text.resize(text.size() - std::min(text.size(), dropped[i]));
    out.texts.push_back(std::move(text));
  }
  out.scores = std::move(results.scores);
  out.finish_reasons = std::move(results.finish_reasons);
  out.perf_metrics = std::move(results.perf_metrics);
  RawPerfMetrics& raw = out.perf_metrics.raw_metrics;
  const Clock::time_point now = Clock::now();
  raw.detokenization_durations.push_back(microseconds(now - from));
  raw.generate_durations.back() = microseconds(now - start);
  return out;
}

DecodedResults LLMPipeline::Impl::generate(const StringInputs& inputs, const GenerationConfig& how,
                                           const StreamerVariant& streamer) {
  const Clock::time_point start = Clock::now();
  PerfMetrics metrics;
  std::vector<Prompt> prompts = encode(inputs, how, metrics);
  const bool goes_on = std::holds_alternative<ChatHistory>(inputs);
  EncodedResults results =
      run(std::move(prompts), how, streamer, start, std::move(metrics), goes_on);
  return decoded(std::move(results), dropped_bytes, start);
}

// The next turn of the chat. It counts only if it comes to an end.
DecodedResults LLMPipeline::Impl::answer(const std::string& message, const GenerationConfig& how,
                                         const StreamerVariant& streamer) {
  ChatHistory turn = history;
  turn.push_back({{"role", "user"}, {"content", message}});
  DecodedResults results = generate(turn, how, streamer);
  if (status == StreamingStatus::CANCEL) return results;
  turn.push_back({{"role", "assistant"}, {"content", results.texts[0]}});
  history = std::move(turn);
  return results;
}

LLMPipeline::LLMPipeline(const std::string& models_path, const std::string& device,
                         const AnyMap& properties)
    : LLMPipeline(models_path, Tokenizer(models_path), device, properties) {}

LLMPipeline::LLMPipeline(const std::string& models_path, const Tokenizer& tokenizer,
                         const std::string& device, const AnyMap& properties) {
  const Clock::time_point start = Clock::now();
  const auto model = Core().read_model(models_path, {}, properties);
  impl_ = std::make_unique<Impl>(open_language_model(model, device, properties), tokenizer);
  impl_->settings = ModelSettings::read(models_path, tokenizer);
  impl_->settings.vocabulary = vocabulary_of(*model);
  impl_->load_time = microseconds(Clock::now() - start) / 1000;
}

LLMPipeline::LLMPipeline(const std::string& models_path, const SchedulerConfig& scheduler_config,
                         const std::string& device, const AnyMap& properties,
                         const std::optional<Tokenizer>& given,
                         const std::optional<DraftModel>& draft) {
  const Clock::time_point start = Clock::now();
  const Tokenizer tokenizer = given ? *given : Tokenizer(models_path);
  const auto model = Core().read_model(models_path, {}, properties);
  impl_ = std::make_unique<Impl>(open_language_model(model, device, properties), tokenizer,
                                 scheduler_config, draft);
  impl_->settings = ModelSettings::read(models_path, tokenizer);
  impl_->settings.vocabulary = vocabulary_of(*model);
  impl_->load_time = microseconds(Clock::now() - start) / 1000;
}

LLMPipeline::LLMPipeline(const std::shared_ptr<Model>& model, const Tokenizer& tokenizer,
                         const std::string& device, const AnyMap& properties,
                         const GenerationConfig& config) {
  if (!model) fail(ErrorCode::InvalidArgument, "the model is empty");
  impl_ =
      std::make_unique<Impl>(open_language_model(model->clone(), device, properties), tokenizer);
  impl_->settings = ModelSettings(config, tokenizer);
}

LLMPipeline::LLMPipeline(const InferRequest& request, const Tokenizer& tokenizer,
                         const GenerationConfig& config)
    : impl_(std::make_unique<Impl>(request, tokenizer)) {
  impl_->settings = ModelSettings(config, tokenizer);
}

LLMPipeline::~LLMPipeline() = default;
LLMPipeline::LLMPipeline(LLMPipeline&&) noexcept = default;

DecodedResults LLMPipeline::generate(const StringInputs& inputs,
                                     const std::optional<GenerationConfig>& config,
                                     const StreamerVariant& streamer) {
  const GenerationConfig how = impl_->chosen(config);
  if (!impl_->chatting) return impl_->generate(inputs, how, streamer);
  const auto* message = std::get_if<std::string>(&inputs);
  if (!message)
    fail(ErrorCode::InvalidArgument,
         "generate: between start_chat and finish_chat one text is the next message");
  return impl_->answer(*message, how, streamer);
}

EncodedResults LLMPipeline::generate(const EncodedInputs& inputs,
                                     const std::optional<GenerationConfig>& config,
                                     const StreamerVariant& streamer) {
  const Clock::time_point start = Clock::now();
  const auto* tensor = std::get_if<Tensor>(&inputs);
  std::vector<Prompt> prompts =
      prompts_of(tensor ? TokenizedInputs{*tensor, {}, {}} : std::get<TokenizedInputs>(inputs));
  return impl_->run(std::move(prompts), impl_->chosen(config), streamer, start, {}, false);
}

void LLMPipeline::start_chat(const std::string& system_message) {
  impl_->chatting = true;
  impl_->history.clear();
  if (!system_message.empty())
    impl_->history.push_back({{"role", "system"}, {"content", system_message}});
}

void LLMPipeline::finish_chat() {
  impl_->chatting = false;
  impl_->history.clear();
  impl_->cached.clear();
  impl_->model.reset();
}

Tokenizer LLMPipeline::get_tokenizer() const { return impl_->tokenizer; }
GenerationConfig LLMPipeline::get_generation_config() const { return impl_->settings.config; }

void LLMPipeline::set_generation_config(const GenerationConfig& config) {
  const GenerationConfig completed = impl_->settings.completed(config);
  completed.validate();
  impl_->settings.config = completed;
}

}  // namespace vireo::genai
