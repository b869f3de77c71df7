#include "genai/batching/prefix_cache.h"

#include <algorithm>

namespace vireo::genai {
namespace {

constexpr size_t kMost = 256;  // entries, where blocks have no limit that would drop them
constexpr size_t kBlock = size_t(SequenceStore::kBlockTokens);

// Hashes of the first block, the first two, ...
std::vector<uint64_t> hashes_of(span<const int64_t> tokens) {
  std::vector<uint64_t> hashes;
  uint64_t hash = 0x9e3779b97f4a7c15u;
  for (size_t i = 0; i < tokens.size() / kBlock * kBlock; ++i) {
    hash = (hash ^ uint64_t(tokens[i])) * 0xbf58476d1ce4e5b9u;
    hash ^= hash >> 31;
    if (i % kBlock == kBlock - 1) hashes.push_back(hash);
  }
  return hashes;
}

size_t common(span<const int64_t> a, span<const int64_t> b) {
  const size_t most = std::min(a.size(), b.size());
  return size_t(std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin());
}

}  // namespace

PrefixCache::Found PrefixCache::find(span<const int64_t> tokens) {
  Found best{entries_.end(), 0};
  const std::vector<uint64_t> hashes = hashes_of(tokens);
  for (size_t i = hashes.size(); i-- > 0 && best.tokens == 0;) {
    const auto [begin, end] = by_hash_.equal_range(hashes[i]);
    for (auto it = begin; it != end; ++it) {
      const size_t same = common(it->second->tokens, tokens);
      if (same >= (i + 1) * kBlock && same > best.tokens) best = {it->second, same};
    }
  }
  return best;
}

SequenceStore::Id PrefixCache::begin(span<const int64_t> tokens) {
  const Found found = find(tokens);
  if (found.tokens == 0) return store_.create();
  entries_.splice(entries_.begin(), entries_, found.entry);
  // The last token's scores are wanted, so it must run.
  return store_.fork(found.entry->sequence, int64_t(std::min(found.tokens, tokens.size() - 1)));
}

void PrefixCache::keep(SequenceStore::Id sequence, span<const int64_t> tokens) {
  const span<const int64_t> held(tokens.data(),
                                 std::min(tokens.size(), size_t(store_.length(sequence))));
  if (held.size() < kBlock) return;
  const Found found = find(held);
  if (found.tokens == held.size()) return;  // known
  if (found.tokens > 0 && found.tokens == found.entry->tokens.size())
    forget(found.entry);  // it goes on
  if (entries_.size() >= kMost) drop_oldest();
  entries_.push_front({store_.fork(sequence, int64_t(held.size())), {held.begin(), held.end()}});
  for (const uint64_t hash : hashes_of(held)) by_hash_.emplace(hash, entries_.begin());
}

bool PrefixCache::drop_oldest() {
  if (entries_.empty()) return false;
  forget(std::prev(entries_.end()));
  return true;
}

void PrefixCache::forget(Entries::iterator entry) {
  for (const uint64_t hash : hashes_of(entry->tokens)) {
    const auto [begin, end] = by_hash_.equal_range(hash);
    for (auto it = begin; it != end;) it = it->second == entry ? by_hash_.erase(it) : std::next(it);
  }
  store_.release(entry->sequence);
  entries_.erase(entry);
}

void PrefixCache::clear() {
  while (drop_oldest()) {
  }
}

}  // namespace vireo::genai
