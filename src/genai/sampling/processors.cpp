#include "genai/sampling/processors.h"

#include <algorithm>
#include <limits>

namespace vireo::genai {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

bool within(int64_t token, span<float> scores) {
  return token >= 0 && size_t(token) < scores.size();
}

bool penalises_output(const GenerationConfig& c) {
  return c.presence_penalty != 0.0f || c.frequency_penalty != 0.0f;
}

// A score of a token that came `count` times. OpenVINO GenAI moves it towards 0 from either side.
float penalised(const GenerationConfig& c, float score, float count) {
  const float presence = c.presence_penalty, frequency = c.frequency_penalty * count;
  if (!c.openvino_sampling) return score - (presence + frequency);
  score = score < 0 ? score + presence : score - presence;
  return score < 0 ? score + frequency : score - frequency;
}

}  // namespace

History::History(std::vector<int64_t> prompt, bool counts)
    : tokens_(std::move(prompt)), prompt_(tokens_.size()), counting_(counts) {
  if (!counting_) return;
  for (const int64_t token : tokens_) counts_.emplace(token, 0);
}

void History::push(int64_t token) {
  tokens_.push_back(token);
  if (counting_) ++counts_[token];
}

bool leaves_scores(const GenerationConfig& c) {
  return c.repetition_penalty == 1.0f && c.no_repeat_ngram_size == SIZE_MAX && !penalises_output(c);
}

void process(const GenerationConfig& c, const History& history, span<float> scores) {
  if (c.repetition_penalty != 1.0f) {
    for (const auto& [token, count] : history.counts_) {
      if (!within(token, scores)) continue;
      float& score = scores[size_t(token)];
      score = score < 0 ? score * c.repetition_penalty : score / c.repetition_penalty;
    }
  }
  if (!c.openvino_sampling) ban_repeated_ngrams(c.no_repeat_ngram_size, history.tokens(), scores);
  if (!penalises_output(c)) return;
  for (const auto& [token, count] : history.counts_) {
    if (count == 0 || !within(token, scores)) continue;
    float& score = scores[size_t(token)];
    score = penalised(c, score, float(count));
  }
}

void ban_repeated_ngrams(size_t n, span<const int64_t> tokens, span<float> scores) {
  if (n == 0 || n > tokens.size()) return;
  const int64_t* tail = tokens.end() - (n - 1);  // what an n-gram would begin with
  for (const int64_t* at = tokens.begin(); at + (n - 1) < tokens.end(); ++at) {
    const int64_t next = at[n - 1];
    if (within(next, scores) && std::equal(tail, tokens.end(), at)) scores[size_t(next)] = kNever;
  }
}

void forbid(span<const int64_t> tokens, span<float> scores) {
  for (const int64_t token : tokens)
    if (within(token, scores)) scores[size_t(token)] = kNever;
}

}  // namespace vireo::genai
