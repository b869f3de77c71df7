#include "genai/sampling/sampled_search.h"

#include <cmath>

#include "genai/sampling/rows.h"

namespace vireo::genai {

SampledSearch::SampledSearch(Task task)
    : task_(std::move(task)),
      stop_tokens_(task_.stop_tokens()),
      stop_text_(task_.tokenizer, task_.config.stop_strings,
                 task_.config.include_stop_str_in_output),
      plain_(leaves_scores(task_.config)),
      lines_(task_.config.num_return_sequences, Line(task_.prompt, !plain_)),
      running_(lines_.size(), 0),
      random_(uint32_t(task_.config.rng_seed)) {
  for (size_t i = 0; i < lines_.size(); ++i) running_[i] = i;
  if (task_.max_new_tokens == 0) finish(GenerationFinishReason::LENGTH);
}

void SampledSearch::step(span<const float> scores) {
  ++length_;
  const size_t vocabulary = scores.size() / rows_.size();
  const bool first = rows_.size() < running_.size();  // all lines begin at the prompt's row
  rows_.clear();
  size_t still = 0;
  for (size_t i = 0; i < running_.size(); ++i) {
    const size_t row = first ? 0 : i;
    Line& line = lines_[running_[i]];
    const int64_t token = choose(line, {scores.data() + row * vocabulary, vocabulary});
    append(line, token);
    if (line.reason != GenerationFinishReason::NONE) continue;
    rows_.push_back({int32_t(row), token});
    running_[still++] = running_[i];
  }
  running_.resize(still);
  done_ = running_.empty();
}

int64_t SampledSearch::choose(Line& line, span<const float> scores) {
  const GenerationConfig& config = task_.config;
  const bool too_short = line.history.output().size() < config.min_new_tokens;
  span<const float> row = scores;
  if (!plain_ || too_short) {
    changed_.assign(scores.begin(), scores.end());
    process(config, line.history, changed_);
    if (too_short) forbid(stop_tokens_, changed_);
    row = changed_;
  }
  int64_t token = 0;
  double log_prob = 0;
  if (config.is_multinomial()) {
    const Candidate drawn = candidates_.draw(config, row, double(random_()) * 0x1p-32);
    token = int64_t(drawn.id);
    log_prob = std::log(drawn.probability);
  } else {
    token = int64_t(arg_max(row));
  }
  if (config.logprobs > 0) {
    log_prob = scores[size_t(token)] - log_sum_exp(scores);
    line.log_probs.push_back(float(log_prob));
  }
  line.score += float(log_prob);
  return token;
}

void SampledSearch::append(Line& line, int64_t token) {
  line.history.push(token);
  const span<const int64_t> output = line.history.output();
  line.kept = output.size();
  if (task_.is_stop_token(token)) {
    line.reason = GenerationFinishReason::STOP;
  } else if (const StopText::Match match = stop_text_.find(output); match.found) {
    line.reason = GenerationFinishReason::STOP;
    line.kept -= match.dropped_tokens;
    line.dropped_bytes = match.dropped_bytes;
  } else if (output.size() >= task_.max_new_tokens) {
    line.reason = GenerationFinishReason::LENGTH;
  }
}

void SampledSearch::finish(GenerationFinishReason reason) {
  for (const size_t i : running_) lines_[i].reason = reason;
  running_.clear();
  rows_.clear();
  done_ = true;
}

std::vector<Sequence> SampledSearch::results() const {
  std::vector<Sequence> out;
  for (const Line& line : lines_) {
    const int64_t* begin = line.history.output().begin();
    out.push_back(
        {{begin, begin + line.kept}, line.score, line.reason, line.dropped_bytes, line.log_probs});
    if (out.back().log_probs.size() > line.kept) out.back().log_probs.resize(line.kept);
  }
  return out;
}

span<const int64_t> SampledSearch::settled() const {
  if (lines_.size() != 1) return {};
  const Line& line = lines_[0];
  const span<const int64_t> output = line.history.output();
  const bool ended = line.reason != GenerationFinishReason::NONE;
  return {output.data(), ended ? line.kept : output.size() - stop_text_.held_back(output)};
}

}  // namespace vireo::genai
