// The merges of a BPE model and how a word's symbols are merged by them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/support/span.h"
#include "text/tokenizer/model.h"
#include "text/tokenizer/word_cache.h"

namespace vireo::text {

// From a pair of tokens to its place in the list of merges and to the token that it becomes.
class MergeTable {
 public:
  static constexpr uint32_t kNone = ~0u;
  struct Found {
    uint32_t rank = kNone, id = kNone;
  };

  explicit MergeTable(span<const Merge> merges);

  Found find(uint32_t left, uint32_t right) const {
    const uint64_t key = uint64_t(left) << 32 | right;
    for (size_t i = slot_of(key);; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.key == key) return slot.found;
      if (slot.key == kEmpty) return {};
    }
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t(0);
  struct Slot {
    uint64_t key = kEmpty;
    Found found;
  };
  size_t slot_of(uint64_t key) const {
    const uint64_t hash = (key ^ key >> 29) * 0x9e3779b97f4a7c15ull;
    return size_t(hash >> 32) & mask_;
  }

  std::vector<Slot> slots_;
  size_t mask_;
};

// Merges symbols until no merge applies: always the pair that stands first in the list, of equals
// the leftmost.
class Merger {
 public:
  void run(const MergeTable& table, std::vector<Symbol>& symbols);

 private:
  struct Candidate {
    uint32_t rank, at, id;
    // The heap's top is the least.
    bool operator<(const Candidate& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
  };
  struct Link {
    uint32_t before, after;
  };
  void run_short(const MergeTable& table, std::vector<Symbol>& symbols);
  void run_long(const MergeTable& table, std::vector<Symbol>& symbols);
  void offer(const MergeTable& table, const std::vector<Symbol>& symbols, uint32_t at);

  std::vector<MergeTable::Found> pairs_;
  std::vector<Candidate> heap_;
  std::vector<Link> links_;
};

}  // namespace vireo::text
