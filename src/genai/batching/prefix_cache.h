// What requests computed, kept for those that begin alike: sequences of the store, found by the
// hashes of their blocks of tokens.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/sequences/sequence_store.h"
#include "base/support/span.h"

namespace vireo::genai {

class PrefixCache {
 public:
  explicit PrefixCache(SequenceStore& store) : store_(store) {}
  ~PrefixCache() { clear(); }

  // Keeps what the store holds of a sequence with these tokens.
  void keep(SequenceStore::Id sequence, span<const int64_t> tokens);
  // A new sequence of the longest beginning that is known, of at most `tokens` less one; its tokens
  // are compared, hashes are not trusted. An empty sequence if nothing is known.
  SequenceStore::Id begin(span<const int64_t> tokens);
  // Lets go of what was asked for longest ago. False if there is nothing.
  bool drop_oldest();
  void clear();
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    SequenceStore::Id sequence;
    std::vector<int64_t> tokens;
  };
  using Entries = std::list<Entry>;  // asked for last: at the front

  struct Found {
    Entries::iterator entry;
    size_t tokens = 0;
  };
  Found find(span<const int64_t> tokens);
  void forget(Entries::iterator entry);

  SequenceStore& store_;
  Entries entries_;
  std::unordered_multimap<uint64_t, Entries::iterator>
      by_hash_;  // of each whole block and all before it
};

}  // namespace vireo::genai
