#include "genai/generation.h"

#include <algorithm>

#include "base/support/error.h"

namespace vireo::genai {
namespace {

using TextFunction = std::function<StreamingStatus(std::string)>;

TextFunction answering(std::function<bool(std::string)> stops) {
  return [stops = std::move(stops)](std::string text) {
    return stops(std::move(text)) ? StreamingStatus::STOP : StreamingStatus::RUNNING;
  };
}

std::shared_ptr<StreamerBase> streamer_of(const StreamerVariant& given,
                                          const Tokenizer& tokenizer) {
  if (const auto* streamer = std::get_if<std::shared_ptr<StreamerBase>>(&given)) return *streamer;
  TextFunction function;
  if (const auto* status = std::get_if<TextFunction>(&given)) function = *status;
  if (const auto* flag = std::get_if<std::function<bool(std::string)>>(&given); flag && *flag)
    function = answering(*flag);
  return function ? std::make_shared<TextStreamer>(tokenizer, std::move(function)) : nullptr;
}

}  // namespace

Stream::Stream(const StreamerVariant& given, const Tokenizer& tokenizer)
    : streamer_(streamer_of(given, tokenizer)) {}

StreamingStatus Stream::write(span<const int64_t> tokens) {
  if (!streamer_ || tokens.empty()) return StreamingStatus::RUNNING;
  if (tokens.size() == 1) return streamer_->write(tokens[0]);
  return streamer_->write(std::vector<int64_t>(tokens.begin(), tokens.end()));
}

StreamingStatus Stream::tell(const Search& search) {
  if (!streamer_) return StreamingStatus::RUNNING;
  const span<const int64_t> settled = search.settled();
  if (settled.size() <= told_) return StreamingStatus::RUNNING;
  const span<const int64_t> fresh(settled.data() + told_, settled.size() - told_);
  told_ = settled.size();
  auto* text = dynamic_cast<TextStreamer*>(streamer_.get());
  if (text && search.done())
    if (const size_t bytes = search.results()[0].dropped_bytes) {
      write({fresh.data(), fresh.size() - 1});
      text->drop_tail(bytes);
      return write({fresh.end() - 1, 1});
    }
  return write(fresh);
}

void Stream::end() {
  if (streamer_) streamer_->end();
}

StreamingStatus Generation::run(const std::vector<Prompt>& prompts) {
  StreamingStatus status = StreamingStatus::RUNNING;
  if (done()) return status;
  last_ = start_;
  for (span<const float> scores = read(prompts);; scores = append()) {
    sample(scores);
    if (stream_) status = stream_.tell(*searches_[0]);
    if (status == StreamingStatus::STOP) searches_[0]->finish(GenerationFinishReason::STOP);
    if (status == StreamingStatus::CANCEL) searches_[0]->finish(GenerationFinishReason::NONE);
    if (done()) return status;
  }
}

bool Generation::done() const {
  return std::all_of(searches_.begin(), searches_.end(), [](const auto& s) { return s->done(); });
}

// The prompts in one pass, padded on the left to the longest.
span<const float> Generation::read(const std::vector<Prompt>& prompts) {
  size_t width = 0;
  for (const Prompt& prompt : prompts)
    width = std::max(width, prompt.tokens.size() - prompt.cached);
  rows_ = prompts.size();
  std::vector<int64_t> tokens(rows_ * width, 0), mask(rows_ * width, 0);
  for (size_t row = 0; row < rows_; ++row) {
    const auto begin = prompts[row].tokens.begin() + std::ptrdiff_t(prompts[row].cached);
    const size_t count = size_t(prompts[row].tokens.end() - begin);
    const size_t place = (row + 1) * width - count;
    std::copy(begin, prompts[row].tokens.end(), tokens.begin() + std::ptrdiff_t(place));
    std::fill_n(mask.begin() + std::ptrdiff_t(place), count, 1);
  }
  const Clock::time_point from = Clock::now();
  const span<const float> scores = model_.prompt(tokens.data(), mask.data(), rows_, width);
  measure(from);
  return scores;
}

// What each search chose, behind the row that it belongs to.
span<const float> Generation::append() {
  const Clock::time_point from = Clock::now();
  size_t row = 0;
  for (const auto& search : searches_) row += search->rows().size();
  model_.begin(row, 1);
  row = 0;
  size_t before = 0;  // rows of earlier searches in the last pass
  for (size_t i = 0; i < searches_.size(); ++i) {
    for (const Search::Row& one : searches_[i]->rows())
      model_.put(row++, int32_t(before) + one.parent, one.token);
    before += passed_[i];
    passed_[i] = searches_[i]->rows().size();
  }
  rows_ = row;
  const span<const float> scores = model_.forward();
  measure(from);
  return scores;
}

void Generation::sample(span<const float> scores) {
  const Clock::time_point from = Clock::now();
  const size_t vocabulary = scores.size() / rows_;
  const float* at = scores.data();
  for (size_t i = 0; i < searches_.size(); ++i) {
    if (passed_[i] == 0) continue;
    if (!searches_[i]->done()) searches_[i]->step({at, passed_[i] * vocabulary});
    at += passed_[i] * vocabulary;
  }
  const Clock::time_point now = Clock::now();
  RawPerfMetrics& raw = metrics_.raw_metrics;
  raw.sampling_durations.push_back(microseconds(now - from));
  if (raw.m_new_token_times.empty())
    raw.m_times_to_first_token.push_back(microseconds(now - start_));
  else
    raw.m_durations.push_back(microseconds(now - last_) / float(rows_));
  raw.m_new_token_times.push_back(
      std::chrono::duration<double, std::micro>(now.time_since_epoch()).count());
  raw.m_batch_sizes.push_back(rows_);
  last_ = now;
}

void Generation::measure(Clock::time_point from) {
  const float time = microseconds(Clock::now() - from);
  RawPerfMetrics& raw = metrics_.raw_metrics;
  raw.m_token_infer_durations.push_back(time);
  if (raw.inference_durations.empty()) raw.inference_durations.push_back(0);
  raw.inference_durations.back() += time;
}

}  // namespace vireo::genai
