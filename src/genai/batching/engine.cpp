#include "genai/batching/engine.h"

#include <algorithm>
#include <numeric>

#include "base/support/error.h"

namespace vireo::genai {
namespace {

using Clock = std::chrono::steady_clock;

float microseconds(Clock::duration time) {
  return std::chrono::duration<float, std::micro>(time).count();
}

}  // namespace

Engine::Engine(const SchedulerConfig& config, SequenceStore& store, Forward forward, Guess guess)
    : store_(store),
      forward_(std::move(forward)),
      guess_(std::move(guess)),
      prefixes_(config.enable_prefix_caching ? std::make_unique<PrefixCache>(store) : nullptr),
      scheduler_(config, store, prefixes_.get()) {}

Engine::~Engine() {
  for (const auto& request : running_)
    for (const Line& line : request->lines) store_.release(line.sequence);
}

void Engine::add(std::shared_ptr<Request> request) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(request));
  ++count_;
}

bool Engine::idle() const {
  const std::lock_guard lock(mutex_);
  return count_ == 0;
}

PipelineMetrics Engine::metrics() const {
  const std::lock_guard lock(mutex_);
  PipelineMetrics metrics = metrics_;
  metrics.requests = count_;
  return metrics;
}

void Engine::step() {
  admit();
  drop_ended();
  if (running_.empty()) return;
  const std::vector<Piece>& pieces = scheduler_.schedule(running_);
  if (pieces.empty()) {  // the first does not fit, though it has all to itself
    running_[0]->search->finish(GenerationFinishReason::NONE);
    end(*running_[0], GenerationStatus::IGNORED);
    return drop_ended();
  }
  put_together(pieces);
  const size_t scheduled = pieces.size();
  const Clock::time_point from = Clock::now();
  const span<const float> scores = forward_(pass_);
  pass_time_ = microseconds(Clock::now() - from);
  const size_t vocabulary = scores.size() / pass_.positions.size();
  const float* row = scores.data();
  for (const auto& [request, rows] : scored_) {
    go_on(*request, {row, rows * vocabulary}, rows);
    row += rows * vocabulary;
  }
  drop_ended();
  measure(scheduled);
}

void Engine::admit() {
  Requests fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(waiting_);
  }
  for (auto& request : fresh) {
    running_.push_back(std::move(request));
    if (running_.back()->search->done()) end(*running_.back(), GenerationStatus::FINISHED);
  }
}

// Requests that are done, or whose handle said so, give back what they hold.
void Engine::drop_ended() {
  const auto ended = [&](const std::shared_ptr<Request>& request) {
    if (request->status == GenerationStatus::RUNNING && (request->cancels || request->stops)) {
      request->search->finish(request->cancels ? GenerationFinishReason::NONE
                                               : GenerationFinishReason::STOP);
      end(*request, request->cancels ? GenerationStatus::CANCEL : GenerationStatus::STOP);
    }
    return request->status != GenerationStatus::RUNNING;
  };
  running_.erase(std::remove_if(running_.begin(), running_.end(), ended), running_.end());
}

void Engine::put_together(const std::vector<Piece>& pieces) {
  pass_.tokens.clear();
  pass_.rows.clear();
  pass_.positions.clear();
  scored_.clear();
  for (const Piece& piece : pieces) {
    const Line& line = piece.request->lines[piece.line];
    const auto begin = line.tokens.begin() + std::ptrdiff_t(store_.length(line.sequence));
    const bool last = size_t(line.tokens.end() - begin) == piece.tokens;
    pass_.tokens.insert(pass_.tokens.end(), begin, begin + std::ptrdiff_t(piece.tokens));
    const int64_t* guesses = piece.request->guesses.data();
    pass_.tokens.insert(pass_.tokens.end(), guesses, guesses + piece.guesses);
    pass_.rows.push_back({line.sequence, int64_t(piece.length())});
    if (!last) continue;
    if (scored_.empty() || scored_.back().first != piece.request)
      scored_.emplace_back(piece.request, 0);
    scored_.back().second += 1 + piece.guesses;
    for (size_t i = 0; i <= piece.guesses; ++i)
      pass_.positions.push_back(int64_t(pass_.tokens.size() - 1 - piece.guesses + i));
  }
  if (pass_.positions.empty()) pass_.positions.push_back(0);  // a pass tells some scores
}

void Engine::go_on(Request& request, span<const float> scores, size_t rows) {
  const Clock::time_point now = Clock::now();
  const bool first = request.last == Clock::time_point();
  if (prefixes_ && first) prefixes_->keep(request.lines[0].sequence, request.lines[0].tokens);
  const size_t before = request.search->length();
  if (rows > request.lines.size())
    check_guesses(request, scores, rows);
  else
    request.search->step(scores);
  {
    const std::lock_guard lock(request.mutex);
    RawPerfMetrics& raw = request.metrics.raw_metrics;
    if (first)
      raw.m_times_to_first_token.push_back(microseconds(now - request.start));
    else
      raw.m_durations.push_back(microseconds(now - request.last) /
                                float(request.lines.size() * (request.search->length() - before)));
    raw.m_new_token_times.push_back(
        std::chrono::duration<double, std::micro>(now.time_since_epoch()).count());
    raw.m_batch_sizes.push_back(request.lines.size());
    raw.m_token_infer_durations.push_back(pass_time_);
    if (first) raw.inference_durations.push_back(0);
    raw.inference_durations.back() += pass_time_;
    const span<const int64_t> settled = request.search->settled();
    if (settled.size() > request.told.size()) request.told.assign(settled.begin(), settled.end());
  }
  request.last = now;
  if (request.search->done())
    end(request, GenerationStatus::FINISHED);
  else
    follow(request);
}

// A guess is right where the search, asked with the scores before it, says the same; so the text is
// what it would be without.
void Engine::check_guesses(Request& request, span<const float> scores, size_t rows) {
  const size_t vocabulary = scores.size() / rows;
  Line& line = request.lines[0];
  for (size_t i = 0; i < rows; ++i) {
    request.search->step({scores.data() + i * vocabulary, vocabulary});
    if (request.search->done() || i + 1 == rows) break;
    if (request.search->rows()[0].token != request.guesses[i]) break;
    line.tokens.push_back(request.guesses[i]);
  }
  store_.trim(line.sequence, int64_t(line.tokens.size()));
}

// The lines that the search goes on with: the first child of a line has its sequence, the others a
// fork.
void Engine::follow(Request& request) {
  std::vector<Line> next;
  std::vector<bool> taken(request.lines.size(), false);
  for (const Search::Row& row : request.search->rows()) {
    const Line& parent = request.lines[size_t(row.parent)];
    Line line{parent.sequence, parent.tokens};
    if (taken[size_t(row.parent)]) line.sequence = store_.fork(parent.sequence);
    taken[size_t(row.parent)] = true;
    line.tokens.push_back(row.token);
    next.push_back(std::move(line));
  }
  for (size_t i = 0; i < request.lines.size(); ++i)
    if (!taken[i]) store_.release(request.lines[i].sequence);
  request.lines = std::move(next);
  request.guesses.clear();
  if (request.lines.size() != 1 || request.config.num_return_sequences != 1) return;
  constexpr size_t kUsual = 5;
  const size_t wanted = request.config.num_assistant_tokens;
  request.guesses = guess_(request, request.lines[0].tokens, wanted > 0 ? wanted : kUsual);
}

void Engine::end(Request& request, GenerationStatus status) {
  if (prefixes_ && status == GenerationStatus::FINISHED && request.lines.size() == 1)
    prefixes_->keep(request.lines[0].sequence, request.lines[0].tokens);
  for (const Line& line : request.lines) store_.release(line.sequence);
  request.lines.clear();
  request.draft.reset();
  {
    const std::lock_guard lock(request.mutex);
    request.sequences = request.search->results();
    for (const Sequence& one : request.sequences)
      request.metrics.num_generated_tokens += one.tokens.size();
    request.metrics.num_input_tokens = request.prompt.size();
    request.metrics.raw_metrics.generate_durations.push_back(
        microseconds(Clock::now() - request.start));
    request.status = status;
  }
  const std::lock_guard lock(mutex_);
  --count_;
}

void Engine::measure(size_t scheduled) {
  constexpr size_t kWindow = 1000;
  const int64_t used = store_.used_blocks(), free = store_.free_blocks();
  const bool bounded = free != INT64_MAX;
  const float usage =
      !bounded ? 0 : 100.0f * float(used) / float(std::max<int64_t>(1, used + free));
  const std::lock_guard lock(mutex_);
  if (usage_.size() < kWindow)
    usage_.push_back(usage);
  else
    usage_[steps_ % kWindow] = usage;
  ++steps_;
  metrics_.scheduled_requests = scheduled;
  metrics_.cache_usage = usage;
  metrics_.max_cache_usage = std::max(metrics_.max_cache_usage, usage);
  metrics_.avg_cache_usage =
      std::accumulate(usage_.begin(), usage_.end(), 0.0f) / float(usage_.size());
  metrics_.cache_size_in_bytes = size_t(bounded ? used + free : used) * store_.block_bytes();
}

}  // namespace vireo::genai
