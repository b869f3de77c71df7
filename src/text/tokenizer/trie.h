// A set of texts with a number each, walked byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::text {

// A double array: a node's child for a byte stands at base ^ byte, and says whose child it is.
class Trie {
 public:
  static constexpr uint32_t kNone = ~0u;
  static constexpr uint32_t kRoot = 0;
  struct Key {
    std::string_view text;
    uint32_t value;
  };

  Trie() : Trie(std::vector<Key>()) {}
  // Empty texts are left out; of equal ones the last counts.
  explicit Trie(std::vector<Key> keys);

  // The node behind a byte, or kNone.
  uint32_t step(uint32_t node, char byte) const {
    const uint32_t child = units_[node].base ^ uint8_t(byte);
    return child < units_.size() && units_[child].parent == node ? child : kNone;
  }
  uint32_t value(uint32_t node) const { return units_[node].value; }

  struct Longest {
    uint32_t value = kNone;
    size_t size = 0;
  };
  // The longest text of the set that `text` begins with.
  Longest longest(std::string_view text) const {
    Longest best;
    uint32_t node = kRoot;
    for (size_t i = 0; i < text.size(); ++i) {
      node = step(node, text[i]);
      if (node == kNone) break;
      if (value(node) != kNone) best = {value(node), i + 1};
    }
    return best;
  }

 private:
  struct Unit {
    uint32_t base = 0;
    uint32_t parent = kNone;  // kNone: free
    uint32_t value = kNone;
  };
  struct Range {
    size_t begin, end;  // of the sorted keys
    size_t depth;
    uint32_t node;
  };
  void place(const std::vector<Key>& keys, Range range, std::vector<Range>& open);
  uint32_t find_base(const std::string& bytes);
  void extend(size_t size);

  std::vector<Unit> units_;
  size_t first_free_ = 1;  // no unit before it is free
};

}  // namespace vireo::text
