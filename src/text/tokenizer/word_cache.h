// Words seen lately and their tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "text/tokenizer/model.h"

namespace vireo::text {

// A token of a word and the bytes that it stands for.
struct Symbol {
  uint32_t id;
  uint32_t size;
};

// Each short word in a cache line at the place that its hash gives; a newer one drives out an
// older.
class WordCache {
 public:
  // Appends the tokens of a word to `out`. If they are not known split(bytes, symbols) is called
  // for them; what it finds must hang on the bytes alone.
  template <typename Split>
  void tokenize(std::string_view text, Piece word, std::vector<Symbol>& symbols, Split&& split,
                std::vector<Token>& out) {
    if (word.size() > kLongest) {
      symbols.clear();
      split(text.substr(word.begin, word.size()), symbols);
      append(word.begin, symbols, out);
      return;
    }
    const Key key = key_of(text, word);
    Entry& entry = entries_[place_of(key)];
    if (entry.key == key) {
      uint32_t at = word.begin;
      for (size_t i = 0; i < kMostTokens && entry.sizes[i]; ++i) {
        out.push_back({entry.ids[i], {at, at + entry.sizes[i]}});
        at += entry.sizes[i];
      }
      return;
    }
    symbols.clear();
    split(text.substr(word.begin, word.size()), symbols);
    append(word.begin, symbols, out);
    if (symbols.size() <= kMostTokens) entry.fill(key, symbols);
  }

 private:
  static constexpr size_t kLongest = 23, kMostTokens = 8, kEntries = 8192;

  struct Key {
    uint64_t words[3];  // the bytes, zeros, and the length in the last byte
    bool operator==(const Key& o) const {
      return words[0] == o.words[0] && words[1] == o.words[1] && words[2] == o.words[2];
    }
  };
  struct alignas(64) Entry {
    Key key{};
    uint32_t ids[kMostTokens];
    uint8_t sizes[kMostTokens] = {};  // 0 behind the last token

    void fill(const Key& now, const std::vector<Symbol>& symbols) {
      *this = {};
      key = now;
      for (size_t i = 0; i < symbols.size(); ++i) {
        ids[i] = symbols[i].id;
        sizes[i] = uint8_t(symbols[i].size);
      }
    }
  };

  static Key key_of(std::string_view text, Piece word) {
    Key key{};
    const size_t size = word.size();
    if (word.begin + sizeof key <= text.size()) {  // whole loads, then the rest cut off
      std::memcpy(&key, text.data() + word.begin, sizeof key);
      for (size_t i = 0; i < 3; ++i) {
        const size_t first = 8 * i;
        if (size <= first)
          key.words[i] = 0;
        else if (size < first + 8)
          key.words[i] &= (uint64_t(1) << 8 * (size - first)) - 1;
      }
    } else {
      std::memcpy(&key, text.data() + word.begin, size);
    }
    key.words[2] |= uint64_t(size) << 56;
    return key;
  }

  static size_t place_of(const Key& key) {
    uint64_t hash = (key.words[0] ^ key.words[2] >> 5) * 0x9e3779b97f4a7c15ull;
    hash = (hash ^ hash >> 31 ^ key.words[1] ^ key.words[2]) * 0xd6e8feb86659fd93ull;
    return size_t(hash >> 40) % kEntries;
  }

  static void append(uint32_t at, const std::vector<Symbol>& symbols, std::vector<Token>& out) {
    for (const Symbol& symbol : symbols) {
      out.push_back({symbol.id, {at, at + symbol.size}});
      at += symbol.size;
    }
  }

  std::vector<Entry> entries_ = std::vector<Entry>(kEntries);
};

}  // namespace vireo::text
