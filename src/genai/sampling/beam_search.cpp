#include "genai/sampling/beam_search.h"

#include <algorithm>
#include <cmath>

#include "genai/sampling/processors.h"
#include "genai/sampling/rows.h"

namespace vireo::genai {

BeamSearch::BeamSearch(Task task)
    : task_(std::move(task)),
      stop_tokens_(task_.stop_tokens()),
      stop_text_(task_.tokenizer, task_.config.stop_strings,
                 task_.config.include_stop_str_in_output),
      width_(task_.config.num_beams / task_.config.num_beam_groups),
      groups_(task_.config.num_beam_groups) {
  if (task_.max_new_tokens == 0) finish(GenerationFinishReason::LENGTH);
}

void BeamSearch::step(span<const float> scores) {
  ++length_;
  for (size_t g = 0; g < groups_.size(); ++g)
    if (!groups_[g].done) advance(g, scores);
  if (length_ >= task_.max_new_tokens) return finish(GenerationFinishReason::LENGTH);
  rows_.clear();
  for (Group& group : groups_)
    for (Beam& beam : group.running) {
      rows_.push_back({beam.row, beam.tokens.back()});
      beam.row = int32_t(rows_.size()) - 1;
    }
  done_ = rows_.empty();
}

void BeamSearch::advance(size_t g, span<const float> scores) {
  Group& group = groups_[g];
  const size_t vocabulary = scores.size() / rows_.size();
  steps_.clear();
  for (uint32_t i = 0; i < group.running.size(); ++i)
    propose(g, i, {scores.data() + size_t(group.running[i].row) * vocabulary, vocabulary});
  // Twice as many as beams: even if half of them end their sequences enough go on.
  const size_t count = std::min(steps_.size(), 2 * width_);
  std::partial_sort(steps_.begin(), steps_.begin() + std::ptrdiff_t(count), steps_.end(),
                    [](const Step& a, const Step& b) { return a.score > b.score; });
  std::vector<Beam> next;
  for (size_t rank = 0; rank < count && next.size() < width_; ++rank) {
    const Step& step = steps_[rank];
    Beam beam = group.running[step.beam];
    beam.tokens.push_back(step.token);
    beam.score = step.score;
    const StopText::Match match = stop_text_.find(beam.tokens);
    if (!task_.is_stop_token(step.token) && !match.found) {
      next.push_back(std::move(beam));
    } else if (rank < width_) {
      const float score = penalised(beam.score, beam.tokens.size());
      beam.tokens.resize(beam.tokens.size() - match.dropped_tokens);
      keep(group,
           {std::move(beam.tokens), score, GenerationFinishReason::STOP, match.dropped_bytes, {}});
    }
  }
  group.running = std::move(next);
  group.done = is_done(group);
  if (group.done) group.running.clear();
}

// The likeliest continuations of one beam.
void BeamSearch::propose(size_t g, uint32_t index, span<const float> row) {
  const GenerationConfig& config = task_.config;
  const Beam& beam = groups_[g].running[index];
  changed_.assign(row.begin(), row.end());
  // What groups before this one chose in this step.
  for (size_t other = 0; other < g; ++other)
    for (const Beam& taken : groups_[other].running)
      if (taken.tokens.size() == length_)
        changed_[size_t(taken.tokens.back())] -= config.diversity_penalty;
  if (config.no_repeat_ngram_size != SIZE_MAX) {
    whole_ = task_.prompt;
    whole_.insert(whole_.end(), beam.tokens.begin(), beam.tokens.end());
    ban_repeated_ngrams(config.no_repeat_ngram_size, whole_, changed_);
  }
  if (length_ <= config.min_new_tokens) forbid(stop_tokens_, changed_);
  const float norm = float(log_sum_exp(row));
  for (const Candidate& one : candidates_.best(changed_, 2 * width_))
    steps_.push_back({beam.score + (one.score - norm), index, int64_t(one.id)});
}

float BeamSearch::penalised(float score, size_t length) const {
  return score / std::pow(float(length), task_.config.length_penalty);
}

void BeamSearch::keep(Group& group, Sequence sequence) const {
  const auto place = std::find_if(group.finished.begin(), group.finished.end(),
                                  [&](const Sequence& s) { return s.score < sequence.score; });
  group.finished.insert(place, std::move(sequence));
  if (group.finished.size() > width_) group.finished.pop_back();
}

// Whether no running beam can, or is likely to, beat the worst of the finished ones.
bool BeamSearch::is_done(const Group& group) const {
  if (group.running.empty()) return true;
  if (group.finished.size() < width_) return false;
  const GenerationConfig& config = task_.config;
  if (config.stop_criteria == StopCriteria::EARLY) return true;
  size_t length = length_;
  if (config.stop_criteria == StopCriteria::NEVER && config.length_penalty > 0)
    length = task_.max_new_tokens;
  return group.finished.back().score >= penalised(group.running.front().score, length);
}

void BeamSearch::finish(GenerationFinishReason reason) {
  for (Group& group : groups_) {
    for (Beam& beam : group.running) {
      const float score = penalised(beam.score, std::max<size_t>(1, beam.tokens.size()));
      keep(group, {std::move(beam.tokens), score, reason, 0, {}});
    }
    group.running.clear();
    group.done = true;
  }
  rows_.clear();
  done_ = true;
}

std::vector<Sequence> BeamSearch::results() const {
  std::vector<Sequence> all;
  for (const Group& group : groups_)
    all.insert(all.end(), group.finished.begin(), group.finished.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Sequence& a, const Sequence& b) { return a.score > b.score; });
  if (all.size() > task_.config.num_return_sequences) all.resize(task_.config.num_return_sequences);
  return all;
}

}  // namespace vireo::genai
