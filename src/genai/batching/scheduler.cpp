#include "genai/batching/scheduler.h"

#include <algorithm>

namespace vireo::genai {
namespace {

constexpr int64_t kBlock = SequenceStore::kBlockTokens;

int64_t blocks_of(int64_t tokens) { return (tokens + kBlock - 1) / kBlock; }

}  // namespace

const std::vector<Piece>& Scheduler::schedule(const Requests& requests) {
  pieces_.clear();
  tokens_ = 0;
  if (config_.dynamic_split_fuse) {
    take_next_tokens(requests);
    take_prompts(requests);
  } else {
    take_prompts(requests);
    if (pieces_.empty()) take_next_tokens(requests);
  }
  return pieces_;
}

// True while more than the last token of a line is missing: of a prompt, or of what was given back.
bool Scheduler::reads(const Request& request) const {
  if (!request.begun()) return true;
  if (request.lines.size() == 1) return request.pending(store_, 0) > 1;
  for (size_t i = 0; i < request.lines.size(); ++i)
    if (request.pending(store_, i) > 1) return true;
  return false;
}

void Scheduler::begin(Request& request) {
  Line line{0, request.prompt};
  line.sequence = prefixes_ ? prefixes_->begin(line.tokens) : store_.create();
  request.lines.push_back(std::move(line));
}

void Scheduler::take_next_tokens(const Requests& requests) {
  for (size_t i = 0; i < requests.size(); ++i)
    if (!reads(*requests[i]) && !take_group(requests, i)) return;
}

// The next token of all lines of a request: its search wants their scores together.
bool Scheduler::take_group(const Requests& requests, size_t place) {
  Request& request = *requests[place];
  const size_t count = request.lines.size();
  if (pieces_.size() + count > config_.max_num_seqs && !pieces_.empty()) return false;
  if (tokens_ + count > config_.max_num_batched_tokens && !pieces_.empty()) return false;
  std::vector<Piece> group;
  for (size_t i = 0; i < count; ++i) group.push_back({&request, i, 1});
  // Guesses take what is to spare, and nothing from others.
  const size_t spare =
      config_.max_num_batched_tokens - std::min(config_.max_num_batched_tokens, tokens_ + count);
  group[0].guesses = std::min(request.guesses.size(), spare);
  if (needed(group) > store_.free_blocks()) group[0].guesses = 0;
  while (needed(group) > store_.free_blocks())
    if (!make_room(requests, place, needed(group))) return false;
  for (const Piece& piece : group) put(piece);
  return true;
}

void Scheduler::take_prompts(const Requests& requests) {
  for (size_t i = 0; i < requests.size(); ++i) {
    Request& request = *requests[i];
    if (!reads(request)) continue;
    if (pieces_.size() >= config_.max_num_seqs || tokens_ >= config_.max_num_batched_tokens) return;
    if (!request.begun()) begin(request);
    bool all = true;
    for (size_t line = 0; line < request.lines.size(); ++line) {
      const size_t pending = request.pending(store_, line);
      // Where there are several lines their last tokens wait for one another.
      const size_t wanted = request.lines.size() == 1 ? pending : pending - 1;
      if (wanted > 0 && take_prompt(requests, i, line) < wanted) all = false;
    }
    if (!all) return;  // the first come first
  }
}

// As much of a line as there is room for; how much that was.
size_t Scheduler::take_prompt(const Requests& requests, size_t place, size_t line) {
  Request& request = *requests[place];
  const size_t pending = request.pending(store_, line);
  const size_t wanted = request.lines.size() == 1 ? pending : pending - 1;
  size_t budget =
      config_.max_num_batched_tokens - std::min(tokens_, config_.max_num_batched_tokens);
  if (pieces_.size() >= config_.max_num_seqs) return 0;
  if (!config_.dynamic_split_fuse) {  // a prompt is whole or waits; alone it may be longer
    if (wanted > budget && !pieces_.empty()) return 0;
    budget = wanted;
  }
  size_t tokens = std::min(wanted, budget);
  while (tokens > 0) {
    const int64_t blocks = needed({{&request, line, tokens}});
    if (blocks <= store_.free_blocks()) break;
    if (make_room(requests, place, blocks)) continue;
    if (!config_.dynamic_split_fuse) return 0;
    // What is left of the last block and the blocks that are free.
    const int64_t over = (blocks - store_.free_blocks()) * kBlock;
    const int64_t end = store_.length(request.lines[line].sequence) + int64_t(tokens);
    const int64_t fewer = std::max<int64_t>(1, over - kBlock + (end - 1) % kBlock + 1);
    tokens -= std::min(tokens, size_t(fewer));
  }
  if (tokens > 0) put({&request, line, tokens});
  return tokens;
}

// Blocks that the pass would take with more pieces.
int64_t Scheduler::needed(const std::vector<Piece>& more) const {
  std::vector<SequenceStore::Row> rows;
  for (const std::vector<Piece>* pieces : {&pieces_, &more})
    for (const Piece& piece : *pieces)
      rows.push_back({piece.request->lines[piece.line].sequence, int64_t(piece.length())});
  return store_.blocks_needed(rows);
}

void Scheduler::put(const Piece& piece) {
  pieces_.push_back(piece);
  tokens_ += piece.length();
}

// Gives something back: what prefixes hold, then what later requests do. False if there is nothing
// more.
bool Scheduler::make_room(const Requests& requests, size_t place, int64_t) {
  if (prefixes_ && prefixes_->drop_oldest()) return true;
  return preempt_last(requests, place);
}

bool Scheduler::preempt_last(const Requests& requests, size_t place) {
  for (size_t i = requests.size(); --i > place;) {
    Request& victim = *requests[i];
    bool holds = false;
    for (const Line& line : victim.lines) holds |= store_.length(line.sequence) > 0;
    if (!holds) continue;
    withdraw(victim);
    give_back(victim);
    return true;
  }
  return false;
}

// Takes a request out of the pass that is being put together.
void Scheduler::withdraw(const Request& request) {
  const auto of_it = [&](const Piece& piece) { return piece.request == &request; };
  for (const Piece& piece : pieces_)
    if (of_it(piece)) tokens_ -= piece.length();
  pieces_.erase(std::remove_if(pieces_.begin(), pieces_.end(), of_it), pieces_.end());
}

// The last block of each line; what is before it need not be computed again if this was enough.
void Scheduler::give_back(Request& request) {
  for (const Line& line : request.lines) {
    const int64_t blocks = blocks_of(store_.length(line.sequence));
    if (blocks > 0) store_.trim(line.sequence, (blocks - 1) * kBlock);
  }
}

}  // namespace vireo::genai
