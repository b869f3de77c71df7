#include "text/tokenizer/trie.h"

#include <algorithm>

namespace vireo::text {

Trie::Trie(std::vector<Key> keys) {
  std::stable_sort(keys.begin(), keys.end(),
                   [](const Key& a, const Key& b) { return a.text < b.text; });
  extend(256);
  units_[kRoot].parent = kNone - 1;  // nobody's child, and not free
  std::vector<Range> open{{0, keys.size(), 0, kRoot}};
  while (!open.empty()) {
    const Range range = open.back();
    open.pop_back();
    place(keys, range, open);
  }
}

void Trie::extend(size_t size) {
  if (size > units_.size()) units_.resize((size + 255) / 256 * 256);
}

// Puts the children of a node whose keys are the range, which share their first `depth` bytes.
void Trie::place(const std::vector<Key>& keys, Range range, std::vector<Range>& open) {
  while (range.begin < range.end && keys[range.begin].text.size() == range.depth) {
    if (range.depth > 0) units_[range.node].value = keys[range.begin].value;
    ++range.begin;
  }
  if (range.begin == range.end) return;
  std::string bytes;
  std::vector<Range> children;
  for (size_t i = range.begin; i < range.end; ++i) {
    const char byte = keys[i].text[range.depth];
    if (bytes.empty() || bytes.back() != byte) {
      if (!children.empty()) children.back().end = i;
      bytes.push_back(byte);
      children.push_back({i, range.end, range.depth + 1, 0});
    }
  }
  const uint32_t base = find_base(bytes);
  units_[range.node].base = base;
  for (size_t i = 0; i < bytes.size(); ++i) {
    children[i].node = base ^ uint8_t(bytes[i]);
    units_[children[i].node].parent = range.node;
    open.push_back(children[i]);
  }
}

// A base whose places for all the bytes are free. It looks at a bounded number of free places, so
// that building stays linear, and then takes a fresh block.
uint32_t Trie::find_base(const std::string& bytes) {
  constexpr int kTries = 64;
  while (first_free_ < units_.size() && units_[first_free_].parent != kNone) ++first_free_;
  int tries = 0;
  for (size_t at = first_free_; at < units_.size() && tries < kTries; ++at) {
    if (units_[at].parent != kNone) continue;
    ++tries;
    const uint32_t base = uint32_t(at) ^ uint8_t(bytes[0]);
    const bool fits = std::all_of(bytes.begin(), bytes.end(), [&](char byte) {
      return units_[base ^ uint8_t(byte)].parent == kNone;
    });
    if (fits) return base;
  }
  if (tries == kTries) first_free_ += 32;  // what is this full is not worth another look
  const auto base = uint32_t(units_.size());
  extend(units_.size() + 256);
  return base;
}

}  // namespace vireo::text
