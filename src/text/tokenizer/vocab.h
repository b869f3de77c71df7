// Token texts and their numbers, both ways.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::text {

inline uint64_t hash_of(std::string_view text) {
  uint64_t hash = text.size() * 0x9e3779b97f4a7c15ull;
  size_t i = 0;
  uint64_t word;
  for (; i + 8 <= text.size(); i += 8) {
    std::memcpy(&word, text.data() + i, 8);
    hash = (hash ^ word) * 0xd6e8feb86659fd93ull;
    hash ^= hash >> 32;
  }
  word = 0;
  if (i < text.size()) std::memcpy(&word, text.data() + i, text.size() - i);
  hash = (hash ^ word) * 0xd6e8feb86659fd93ull;
  return hash ^ hash >> 32;
}

// Immutable once filled. Texts are in one block; numbers may have gaps, whose text is empty.
class Vocab {
 public:
  static constexpr uint32_t kNone = ~0u;
  static constexpr uint32_t kMostIds = 1 << 22;  // a table of that size is made for one high number

  void reserve(size_t tokens, size_t bytes);
  // The later of two texts with one number, and of two numbers with one text, counts.
  // InvalidArgument for numbers of kMostIds and more.
  void add(std::string_view text, uint32_t id);

  // The number of a text, or kNone.
  uint32_t find(std::string_view text) const;
  // The text of a number; empty for those not given.
  std::string_view text(uint32_t id) const {
    if (id >= places_.size()) return {};
    return std::string_view(block_).substr(places_[id].begin, places_[id].size);
  }
  bool has(uint32_t id) const { return id < places_.size() && places_[id].used; }
  uint32_t end() const { return uint32_t(places_.size()); }  // one more than the highest number
  size_t size() const { return count_; }                     // texts

 private:
  struct Place {
    uint32_t begin = 0;
    uint32_t size : 31;
    uint32_t used : 1;
  };
  struct Slot {
    uint32_t hash = 0;
    uint32_t id = kNone;
    uint32_t begin = 0, size = 0;
  };
  void grow();
  Slot& slot_of(std::string_view text, uint64_t hash);

  std::string block_;
  std::vector<Place> places_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  size_t count_ = 0;
};

}  // namespace vireo::text
