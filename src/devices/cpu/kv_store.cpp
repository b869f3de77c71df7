// Blocks, sequences, and what a run takes of them.
#include "devices/cpu/kv_store.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/values.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {

struct KvStore::Block {
  AlignedBuffer memory;
  int64_t users = 0;
};

KvStore::KvStore(const KvLayout& layout, const PagedTable& table)
    : layout_(layout), table_(table) {}

KvStore::~KvStore() {
  roll_back();
  for (Sequence& s : own_) drop(s);
  for (auto& [id, s] : sequences_) drop(s);
  for (Block* block : spare_) delete_block(block);
}

// Blocks.

KvStore::Block* KvStore::take_block() {
  std::unique_ptr<Block> block;
  if (spare_.empty()) {
    block = std::make_unique<Block>();
    block->memory = AlignedBuffer(layout_.block_bytes);
    spare_.reserve(size_t(used_) + 1);  // so that dropping it cannot fail
  } else {
    block.reset(spare_.back());
    spare_.pop_back();
  }
  block->users = 1;
  ++used_;
  return block.release();
}

void KvStore::delete_block(Block* block) noexcept { delete block; }

void KvStore::drop(Block* block) noexcept {
  if (--block->users > 0) return;
  --used_;
  spare_.push_back(block);
}

void KvStore::drop(Sequence& s) noexcept {
  for (Block* block : s.blocks) drop(block);
  s = Sequence();
}

KvStore::Sequence KvStore::share(const Sequence& from, int64_t tokens) {
  Sequence to;
  const size_t blocks = size_t(divide_up(tokens, kBlockTokens));
  to.blocks.assign(from.blocks.begin(), from.blocks.begin() + int64_t(blocks));
  to.data.assign(from.data.begin(), from.data.begin() + int64_t(blocks));
  to.length = tokens;
  for (Block* block : to.blocks) ++block->users;
  return to;
}

// How many blocks room for `tokens` more takes.
int64_t KvStore::blocks_for(const Sequence& s, int64_t tokens) const {
  const int64_t all = divide_up(s.length + tokens, kBlockTokens), held = int64_t(s.blocks.size());
  const bool copies = tokens > 0 && s.length % kBlockTokens != 0 &&
                      s.blocks[size_t(s.length / kBlockTokens)]->users > 1;
  return std::max<int64_t>(0, all - held) + copies;
}

void KvStore::check_room(int64_t blocks) const {
  if (limit_ && blocks > free_blocks())
    fail(ErrorCode::OutOfMemory,
         "the run needs {} more blocks of keys and values, {} of {} are free", blocks,
         free_blocks(), limit_);
}

// Room for `tokens` behind those that are there. What others see stays: a shared block that is not
// full is copied, unless the caller is the one who may go on in it.
void KvStore::reserve(Sequence& s, int64_t tokens, bool owns_tail) {
  if (tokens == 0) return;
  const size_t tail = size_t(s.length / kBlockTokens);
  if (!owns_tail && s.length % kBlockTokens != 0 && s.blocks[tail]->users > 1) {
    Block* copy = take_block();
    std::memcpy(copy->memory.data(), s.data[tail], layout_.block_bytes);
    drop(s.blocks[tail]);
    s.blocks[tail] = copy;
    s.data[tail] = copy->memory.data();
  }
  const size_t all = size_t(divide_up(s.length + tokens, kBlockTokens));
  s.blocks.reserve(all);
  s.data.reserve(all);
  while (s.blocks.size() < all) {
    Block* block = take_block();
    s.blocks.push_back(block);
    s.data.push_back(block->memory.data());
  }
}

// Sequences.

const KvStore::Sequence& KvStore::find(Id id) const {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) fail(ErrorCode::InvalidArgument, "there is no sequence {}", id);
  return found->second;
}

SequenceStore::Id KvStore::create() {
  sequences_[next_id_];
  return next_id_++;
}

SequenceStore::Id KvStore::fork(Id from, int64_t tokens) {
  const Sequence& source = find(from);
  if (tokens < 0) tokens = source.length;
  if (tokens > source.length)
    fail(ErrorCode::InvalidArgument, "sequence {} has {} tokens, not {}", from, source.length,
         tokens);
  sequences_[next_id_] = share(source, tokens);
  return next_id_++;
}

void KvStore::release(Id id) {
  drop(find(id));
  sequences_.erase(id);
  bound_.erase(std::remove_if(bound_.begin(), bound_.end(),
                              [id](const Row& row) { return row.sequence == id; }),
               bound_.end());
}

void KvStore::trim(Id id, int64_t tokens) {
  Sequence& s = find(id);
  if (tokens < 0 || tokens > s.length)
    fail(ErrorCode::InvalidArgument, "sequence {} has {} tokens, not {}", id, s.length, tokens);
  const size_t blocks = size_t(divide_up(tokens, kBlockTokens));
  for (size_t i = blocks; i < s.blocks.size(); ++i) drop(s.blocks[i]);
  s.blocks.resize(blocks);
  s.data.resize(blocks);
  s.length = tokens;
}

int64_t KvStore::length(Id sequence) const { return find(sequence).length; }

int64_t KvStore::free_blocks() const {
  return limit_ ? std::max<int64_t>(0, limit_ - used_) : std::numeric_limits<int64_t>::max();
}

int64_t KvStore::blocks_needed(const std::vector<Row>& rows) const {
  int64_t blocks = 0;
  for (const Row& row : rows) blocks += blocks_for(find(row.sequence), row.tokens);
  return blocks;
}

void KvStore::bind(std::vector<Row> rows) {
  std::vector<Id> ids;
  for (const Row& row : rows) {
    (void)find(row.sequence);
    if (row.tokens < 1)
      fail(ErrorCode::InvalidArgument, "sequence {}: {} tokens, expected at least 1", row.sequence,
           row.tokens);
    ids.push_back(row.sequence);
  }
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end())
    fail(ErrorCode::InvalidArgument, "sequence {} stands in two rows", *twice);
  bound_ = std::move(rows);
}

// Runs.

// Which of the request's states each row goes on from.
std::vector<int64_t> KvStore::sources(int64_t batch, const Tensor& beam) const {
  const int64_t held = is_empty() ? batch : int64_t(own_.size());
  std::vector<int64_t> from(static_cast<size_t>(batch));
  std::iota(from.begin(), from.end(), 0);
  if (beam) from = load<int64_t>(beam);
  if (int64_t(from.size()) != batch || (!beam && held != batch))
    fail(ErrorCode::InvalidArgument, "the batch is {}, {} has {} rows: reset the state first",
         batch, beam ? "beam_idx" : "the state", beam ? int64_t(from.size()) : held);
  for (int64_t& row : from) {
    if (row < 0) row += held;
    if (row < 0 || row >= held)
      fail(ErrorCode::InvalidArgument, "beam_idx names row {} of {}", row, held);
  }
  return from;
}

std::vector<int64_t> KvStore::past(int64_t batch, const Tensor& beam) const {
  std::vector<int64_t> lengths;
  if (is_bound()) {
    for (const Row& row : bound_) lengths.push_back(find(row.sequence).length);
    return lengths;
  }
  if (!pending_.empty()) {
    const Tensor& value = pending_.begin()->second;
    lengths.assign(size_t(batch), value ? int64_t(value.get_shape()[2]) : 0);
    return lengths;
  }
  for (int64_t from : sources(batch, beam))
    lengths.push_back(is_empty() ? 0 : own_[size_t(from)].length);
  return lengths;
}

void KvStore::begin(int64_t batch, int64_t fresh, const Tensor& beam, const Tensor& padding) {
  VIREO_ASSERT(!running_);
  running_ = true;  // from here on a failure is rolled back
  if (is_bound())
    begin_bound(batch, fresh);
  else
    begin_own(batch, fresh, beam);
  if (!is_bound()) show_keys(padding);
  batch_ = {rows_.data(), int64_t(rows_.size()), nullptr};
  int64_t floats = 0;
  for (const KvLayout::Layer& layer : layout_.layers)
    floats = std::max(floats, partial_floats(layer.params, batch_));
  if (partials_.size() < size_t(floats) * sizeof(float))
    partials_ = AlignedBuffer(size_t(floats) * sizeof(float) * 2);
  batch_.partials = partials_.as<float>();
}

void KvStore::begin_bound(int64_t batch, int64_t fresh) {
  int64_t tokens = 0;
  for (const Row& row : bound_) tokens += row.tokens;
  if (batch != 1 || tokens != fresh)
    fail(ErrorCode::InvalidArgument, "the input is [{}, {}], the bound rows have {} tokens in all",
         batch, fresh, tokens);
  check_room(blocks_needed(bound_));
  rows_.clear();
  row_sequences_.clear();
  int64_t first = 0;
  for (const Row& row : bound_) {
    Sequence& s = find(row.sequence);
    reserve(s, row.tokens, false);
    rows_.push_back({s.data.data(), s.length, row.tokens, 0, first, nullptr});
    row_sequences_.push_back(&s);
    first += row.tokens;
  }
}

void KvStore::begin_own(int64_t batch, int64_t fresh, const Tensor& beam) {
  if (!pending_.empty()) import_states();
  const std::vector<int64_t> from = sources(batch, beam);
  if (is_empty()) {
    for (Sequence& s : own_) drop(s);
    own_.assign(size_t(batch), {});
  }
  bool in_order = own_.size() == from.size();
  for (size_t b = 0; in_order && b < from.size(); ++b) in_order = from[b] == int64_t(b);
  reordered_ = !in_order;
  std::vector<Sequence>& rows = reordered_ ? next_ : own_;
  // One row goes on in the last block of each sequence, the others in copies of it.
  std::vector<char> owns(from.size(), 1);
  if (reordered_) {
    std::vector<char> taken(own_.size());
    for (size_t b = 0; b < from.size(); ++b) {
      const Sequence& s = own_[size_t(from[b])];
      const size_t tail = size_t(s.length / kBlockTokens);
      owns[b] = !taken[size_t(from[b])] && tail < s.blocks.size() && s.blocks[tail]->users == 1;
      taken[size_t(from[b])] = true;
    }
    for (int64_t b : from) next_.push_back(share(own_[size_t(b)], own_[size_t(b)].length));
  }
  int64_t blocks = 0;
  for (size_t b = 0; b < rows.size(); ++b)
    blocks += blocks_for(rows[b], fresh) -
              (reordered_ && owns[b] && rows[b].length % kBlockTokens != 0 && fresh > 0);
  check_room(blocks);
  rows_.clear();
  row_sequences_.clear();
  for (size_t b = 0; b < rows.size(); ++b) {
    reserve(rows[b], fresh, reordered_ && owns[b]);
    rows_.push_back({rows[b].data.data(), rows[b].length, fresh, int64_t(b), 0, nullptr});
    row_sequences_.push_back(&rows[b]);
  }
}

// The padding of a run, [batch, past + fresh], as bytes; rows that hide nothing go without.
void KvStore::show_keys(const Tensor& padding) {
  if (!padding || rows_.empty()) return;
  const Shape& s = padding.get_shape();
  const int64_t all = rows_[0].past + rows_[0].fresh;
  if (s.size() != 2 || int64_t(s[0]) != int64_t(rows_.size()) || int64_t(s[1]) != all)
    fail(ErrorCode::InvalidArgument,
         "the attention mask is {}, expected [{}, {}]: {} tokens before the {} of this call",
         s.to_string(), rows_.size(), all, rows_[0].past, rows_[0].fresh);
  const std::vector<int64_t> values = load<int64_t>(padding);
  shown_.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) shown_[i] = values[i] != 0;
  for (size_t r = 0; r < rows_.size(); ++r) {
    const uint8_t* from = shown_.data() + r * size_t(all);
    if (std::memchr(from, 0, size_t(all))) rows_[r].shown = from;
  }
}

void KvStore::commit() {
  if (!running_) return;
  for (size_t r = 0; r < rows_.size(); ++r) row_sequences_[r]->length += rows_[r].fresh;
  if (reordered_) {
    std::swap(own_, next_);
    for (Sequence& s : next_) drop(s);
    next_.clear();
  }
  reordered_ = running_ = false;
}

void KvStore::roll_back() noexcept {
  for (Sequence& s : next_) drop(s);
  next_.clear();
  reordered_ = running_ = false;
}

}  // namespace vireo::cpu
