// PerfMetrics: where the time of a generation went. Names and units are those of OpenVINO GenAI.
#pragma once

#include <cstddef>
#include <vector>

#include "vireo/api.h"

namespace vireo::genai {

struct MeanStdPair {
  float mean = -1;  // -1: nothing was measured
  float std = -1;
};

// As measured, in microseconds. An entry for each call of generate, or for each step.
struct RawPerfMetrics {
  std::vector<float> generate_durations;
  std::vector<float> tokenization_durations;
  std::vector<float> detokenization_durations;
  std::vector<float> chat_template_durations;
  std::vector<float> inference_durations;  // all forward passes of a call
  std::vector<float> sampling_durations;   // of each step
  std::vector<float> m_times_to_first_token;
  std::vector<double> m_new_token_times;       // of the steady clock, at the end of each step
  std::vector<float> m_token_infer_durations;  // the forward pass of each step
  std::vector<float> m_durations;              // from step to step, divided by the sequences in it
  std::vector<size_t> m_batch_sizes;           // sequences in each step
};

// Durations are in milliseconds: mean and deviation over steps, or calls.
class VIREO_API PerfMetrics {
 public:
  float get_load_time() const { return load_time; }
  size_t get_num_generated_tokens() const { return num_generated_tokens; }
  size_t get_num_input_tokens() const { return num_input_tokens; }
  MeanStdPair get_ttft() const;  // to the first token
  MeanStdPair get_tpot() const;  // for each token, of all sequences together; the first left out
  MeanStdPair get_ipot() const;  // inference alone, for each token
  MeanStdPair get_throughput() const;  // tokens per second after the first
  MeanStdPair get_inference_duration() const;
  MeanStdPair get_generate_duration() const;
  MeanStdPair get_tokenization_duration() const;
  MeanStdPair get_detokenization_duration() const;
  MeanStdPair get_chat_template_duration() const;
  MeanStdPair get_sampling_duration() const;

  // Of both together: as if the calls had been measured in one.
  PerfMetrics& operator+=(const PerfMetrics& other);
  PerfMetrics operator+(const PerfMetrics& other) const { return PerfMetrics(*this) += other; }

  float load_time = 0;  // ms
  size_t num_generated_tokens = 0, num_input_tokens = 0;
  RawPerfMetrics raw_metrics;
};

// Of continuous batching: what it has to do, and how full its cache is.
struct PipelineMetrics {
  size_t requests = 0;            // that are not done
  size_t scheduled_requests = 0;  // in the last step
  float cache_usage = 0;          // percent of the blocks, after the last step
  float max_cache_usage = 0;
  float avg_cache_usage = 0;  // of the last 1000 steps
  size_t cache_size_in_bytes = 0;
};

}  // namespace vireo::genai
