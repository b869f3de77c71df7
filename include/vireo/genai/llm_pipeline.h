// LLMPipeline: a language model that answers prompts. Names, defaults and semantics are those of
// OpenVINO GenAI.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vireo/core.h"
#include "vireo/genai/chat_history.h"
#include "vireo/genai/generation_config.h"
#include "vireo/genai/results.h"
#include "vireo/genai/scheduler_config.h"
#include "vireo/genai/streamer.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

// A smaller model with the same tokens, which guesses num_assistant_tokens (0: 5) of them for the
// large one to check in one pass. What is generated does not change.
struct DraftModel {
  std::string path, device = "CPU";
  AnyMap properties;
};

// One generation at a time; the pipeline keeps the model's cache between calls, so that a
// conversation that goes on is not read again from its beginning.
class VIREO_API LLMPipeline {
 public:
  // A text or several, a conversation: answered in text. Tokens [batch, length], the rows padded
  // where the mask is 0: answered in tokens.
  using StringInputs = std::variant<std::string, std::vector<std::string>, ChatHistory>;
  using EncodedInputs = std::variant<Tensor, TokenizedInputs>;

  // A folder as Core::read_model takes it, which also has tokenizer.json and perhaps
  // generation_config.json and a chat template, or a model file that carries these. Properties are
  // those of the device.
  explicit LLMPipeline(const std::string& models_path, const std::string& device = "CPU",
                       const AnyMap& properties = {});
  LLMPipeline(const std::string& models_path, const Tokenizer& tokenizer,
              const std::string& device = "CPU", const AnyMap& properties = {});
  // Through continuous batching: several prompts share passes as the configuration says, and
  // prompts that begin alike what was computed. Prompt lookup (max_ngram_size,
  // num_assistant_tokens) needs it.
  LLMPipeline(const std::string& models_path, const SchedulerConfig& scheduler_config,
              const std::string& device = "CPU", const AnyMap& properties = {},
              const std::optional<Tokenizer>& tokenizer = {},
              const std::optional<DraftModel>& draft_model = {});
  // A stateful model with inputs input_ids and, if it has them, attention_mask, position_ids and
  // beam_idx. It is not changed.
  LLMPipeline(const std::shared_ptr<Model>& model, const Tokenizer& tokenizer,
              const std::string& device = "CPU", const AnyMap& properties = {},
              const GenerationConfig& config = {});
  // A request of such a model, as it was compiled.
  LLMPipeline(const InferRequest& request, const Tokenizer& tokenizer,
              const GenerationConfig& config = {});
  ~LLMPipeline();
  LLMPipeline(LLMPipeline&&) noexcept;

  // Without a configuration that of the pipeline counts. Streaming is for one prompt and one
  // sequence without beam search. InvalidArgument in one line for what the configuration forbids
  // and for a prompt that is longer than the model's context.
  DecodedResults generate(const StringInputs& inputs,
                          const std::optional<GenerationConfig>& config = {},
                          const StreamerVariant& streamer = {});
  EncodedResults generate(const EncodedInputs& inputs,
                          const std::optional<GenerationConfig>& config = {},
                          const StreamerVariant& streamer = {});

  // Between these a text is the next message of a user, and the answers are remembered.
  void start_chat(const std::string& system_message = {});
  void finish_chat();

  Tokenizer get_tokenizer() const;
  GenerationConfig get_generation_config() const;
  void set_generation_config(const GenerationConfig& config);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace vireo::genai
