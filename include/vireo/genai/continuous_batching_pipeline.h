// ContinuousBatchingPipeline: many requests at once, each step one pass over whatever of them there
// is room for. Names, defaults and semantics are those of OpenVINO GenAI.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vireo/genai/generation_config.h"
#include "vireo/genai/results.h"
#include "vireo/genai/scheduler_config.h"
#include "vireo/genai/streamer.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

// What a sequence got.
struct GenerationOutput {
  std::vector<int64_t> generated_ids;
  std::vector<float> generated_log_probs;
  float score = 0;
  GenerationFinishReason finish_reason = GenerationFinishReason::NONE;
};
using GenerationOutputs = std::map<uint64_t, GenerationOutput>;  // by the number of the sequence

// A request on its way. Reading, stopping and cancelling are safe while another thread steps.
class VIREO_API GenerationHandle {
 public:
  GenerationStatus get_status() const;
  // True if tokens came since the last read, or what it has all was not read yet.
  bool can_read() const;
  // The tokens that came since the last read; of several sequences, all of theirs once they are
  // done.
  GenerationOutputs read();
  // Waits for nothing: what there is of all sequences, the best first.
  std::vector<GenerationOutput> read_all() const;
  void stop();
  void cancel();
  PerfMetrics get_perf_metrics() const;

  struct Impl;
  explicit GenerationHandle(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

struct EncodedGenerationResult {
  uint64_t m_request_id = 0;
  std::vector<std::vector<int64_t>> m_generation_ids;
  std::vector<float> m_scores;
  GenerationStatus m_status = GenerationStatus::RUNNING;
  PerfMetrics perf_metrics;
};

struct GenerationResult {
  uint64_t m_request_id = 0;
  std::vector<std::string> m_generation_ids;
  std::vector<float> m_scores;
  GenerationStatus m_status = GenerationStatus::RUNNING;
  PerfMetrics perf_metrics;
};

// One thread steps; any may add requests and use handles.
class VIREO_API ContinuousBatchingPipeline {
 public:
  ContinuousBatchingPipeline(const std::string& models_path,
                             const SchedulerConfig& scheduler_config,
                             const std::string& device = "CPU", const AnyMap& properties = {});
  ContinuousBatchingPipeline(const std::string& models_path, const Tokenizer& tokenizer,
                             const SchedulerConfig& scheduler_config,
                             const std::string& device = "CPU", const AnyMap& properties = {});
  ~ContinuousBatchingPipeline();
  ContinuousBatchingPipeline(ContinuousBatchingPipeline&&) noexcept;

  // Tokens [1, length], or a text as it is, without the chat template.
  GenerationHandle add_request(uint64_t request_id, const Tensor& input_ids,
                               const GenerationConfig& config);
  GenerationHandle add_request(uint64_t request_id, const std::string& prompt,
                               const GenerationConfig& config);
  void step();
  bool has_non_finished_requests() const;

  // Adds all and steps until they are done. A configuration for each, or one for all; a streamer
  // only for a single prompt.
  std::vector<EncodedGenerationResult> generate(const std::vector<Tensor>& input_ids,
                                                const std::vector<GenerationConfig>& configs,
                                                const StreamerVariant& streamer = {});
  std::vector<GenerationResult> generate(const std::vector<std::string>& prompts,
                                         const std::vector<GenerationConfig>& configs,
                                         const StreamerVariant& streamer = {});

  Tokenizer get_tokenizer() const;
  GenerationConfig get_config() const;
  PipelineMetrics get_metrics() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace vireo::genai
