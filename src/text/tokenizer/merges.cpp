#include "text/tokenizer/merges.h"

#include <algorithm>

namespace vireo::text {

MergeTable::MergeTable(span<const Merge> merges) {
  size_t slots = 16;
  while (slots < 2 * merges.size()) slots *= 2;
  slots_.resize(slots);
  mask_ = slots - 1;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const uint64_t key = uint64_t(merges[rank].left) << 32 | merges[rank].right;
    size_t i = slot_of(key);
    while (slots_[i].key != kEmpty && slots_[i].key != key) i = (i + 1) & mask_;
    slots_[i] = {key, {uint32_t(rank), merges[rank].result}};  // the later of two equals counts
  }
}

void Merger::run(const MergeTable& table, std::vector<Symbol>& symbols) {
  constexpr size_t kShort = 48;  // below, looking through all pairs is faster than a heap
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort) return run_short(table, symbols);
  run_long(table, symbols);
}

void Merger::run_short(const MergeTable& table, std::vector<Symbol>& symbols) {
  size_t count = symbols.size();
  pairs_.resize(count);
  for (size_t i = 0; i + 1 < count; ++i) pairs_[i] = table.find(symbols[i].id, symbols[i + 1].id);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i)
      if (pairs_[i].rank < pairs_[best].rank) best = i;
    if (pairs_[best].rank == MergeTable::kNone) break;
    symbols[best] = {pairs_[best].id, symbols[best].size + symbols[best + 1].size};
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      symbols[i] = symbols[i + 1];
      pairs_[i] = pairs_[i + 1];
    }
    if (best > 0) pairs_[best - 1] = table.find(symbols[best - 1].id, symbols[best].id);
    if (best + 1 < count) pairs_[best] = table.find(symbols[best].id, symbols[best + 1].id);
  }
  symbols.resize(count);
}

void Merger::offer(const MergeTable& table, const std::vector<Symbol>& symbols, uint32_t at) {
  const uint32_t after = links_[at].after;
  if (after >= symbols.size()) return;
  const MergeTable::Found found = table.find(symbols[at].id, symbols[after].id);
  if (found.rank == MergeTable::kNone) return;
  heap_.push_back({found.rank, at, found.id});
  std::push_heap(heap_.begin(), heap_.end());
}

void Merger::run_long(const MergeTable& table, std::vector<Symbol>& symbols) {
  const auto count = uint32_t(symbols.size());
  constexpr uint32_t kNone = ~0u;
  links_.resize(count);
  heap_.clear();
  for (uint32_t i = 0; i < count; ++i) links_[i] = {i ? i - 1 : kNone, i + 1};
  for (uint32_t i = 0; i + 1 < count; ++i) {
    const MergeTable::Found found = table.find(symbols[i].id, symbols[i + 1].id);
    if (found.rank != MergeTable::kNone) heap_.push_back({found.rank, i, found.id});
  }
  std::make_heap(heap_.begin(), heap_.end());
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate best = heap_.back();
    heap_.pop_back();
    const uint32_t left = best.at, right = links_[left].after;
    // A symbol of size 0 has been merged away; a pair that has changed has another merge or none.
    if (symbols[left].size == 0 || right >= count) continue;
    const MergeTable::Found now = table.find(symbols[left].id, symbols[right].id);
    if (now.rank != best.rank || now.id != best.id) continue;
    symbols[left] = {best.id, symbols[left].size + symbols[right].size};
    symbols[right].size = 0;
    links_[left].after = links_[right].after;
    if (links_[left].after < count) links_[links_[left].after].before = left;
    if (links_[left].before != kNone) offer(table, symbols, links_[left].before);
    offer(table, symbols, left);
  }
  symbols.erase(std::remove_if(symbols.begin(), symbols.end(),
                               [](const Symbol& symbol) { return symbol.size == 0; }),
                symbols.end());
}

}  // namespace vireo::text
