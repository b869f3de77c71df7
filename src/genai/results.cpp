// Means and deviations of what was measured, and results as text.
#include "vireo/genai/results.h"

#include <algorithm>
#include <cmath>

namespace vireo::genai {
namespace {

template <typename F>
MeanStdPair statistics(size_t count, F&& value) {
  if (count == 0) return {};
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += value(i);
    squares += double(value(i)) * value(i);
  }
  const double mean = sum / double(count);
  return {float(mean), float(std::sqrt(std::max(0.0, squares / double(count) - mean * mean)))};
}

MeanStdPair milliseconds(const std::vector<float>& microseconds) {
  return statistics(microseconds.size(), [&](size_t i) { return microseconds[i] / 1000; });
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

MeanStdPair PerfMetrics::get_ttft() const {
  return milliseconds(raw_metrics.m_times_to_first_token);
}

MeanStdPair PerfMetrics::get_tpot() const { return milliseconds(raw_metrics.m_durations); }

MeanStdPair PerfMetrics::get_ipot() const {
  const std::vector<size_t>& sizes = raw_metrics.m_batch_sizes;
  const std::vector<float>& times = raw_metrics.m_token_infer_durations;
  return statistics(std::min(sizes.size(), times.size()),
                    [&](size_t i) { return times[i] / 1000 / float(sizes[i]); });
}

MeanStdPair PerfMetrics::get_throughput() const {
  const MeanStdPair tpot = get_tpot();
  if (tpot.mean <= 0) return {};
  return {1000 / tpot.mean, 1000 * tpot.std / (tpot.mean * tpot.mean)};
}

MeanStdPair PerfMetrics::get_inference_duration() const {
  return milliseconds(raw_metrics.inference_durations);
}
MeanStdPair PerfMetrics::get_generate_duration() const {
  return milliseconds(raw_metrics.generate_durations);
}
MeanStdPair PerfMetrics::get_tokenization_duration() const {
  return milliseconds(raw_metrics.tokenization_durations);
}
MeanStdPair PerfMetrics::get_detokenization_duration() const {
  return milliseconds(raw_metrics.detokenization_durations);
}
MeanStdPair PerfMetrics::get_chat_template_duration() const {
  return milliseconds(raw_metrics.chat_template_durations);
}
MeanStdPair PerfMetrics::get_sampling_duration() const {
  return milliseconds(raw_metrics.sampling_durations);
}

PerfMetrics& PerfMetrics::operator+=(const PerfMetrics& other) {
  num_generated_tokens += other.num_generated_tokens;
  num_input_tokens += other.num_input_tokens;
  RawPerfMetrics& raw = raw_metrics;
  const RawPerfMetrics& more = other.raw_metrics;
  append(raw.generate_durations, more.generate_durations);
  append(raw.tokenization_durations, more.tokenization_durations);
  append(raw.detokenization_durations, more.detokenization_durations);
  append(raw.chat_template_durations, more.chat_template_durations);
  append(raw.inference_durations, more.inference_durations);
  append(raw.sampling_durations, more.sampling_durations);
  append(raw.m_times_to_first_token, more.m_times_to_first_token);
  append(raw.m_new_token_times, more.m_new_token_times);
  append(raw.m_token_infer_durations, more.m_token_infer_durations);
  append(raw.m_durations, more.m_durations);
  append(raw.m_batch_sizes, more.m_batch_sizes);
  return *this;
}

std::string DecodedResults::to_string() const {
  std::string all;
  for (size_t i = 0; i < texts.size(); ++i) all += (i ? "\n" : "") + texts[i];
  return all;
}

}  // namespace vireo::genai
