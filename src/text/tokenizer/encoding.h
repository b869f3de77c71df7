// The tokens of a text, or of a pair of texts, with all that goes with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vireo::text {

struct Offsets {
  uint32_t begin, end;  // characters of the input, the end exclusive
  friend bool operator==(Offsets a, Offsets b) { return a.begin == b.begin && a.end == b.end; }
};

// Blanks at the ends of a token's text, in characters.
struct Blanks {
  uint16_t leading = 0, trailing = 0;
};

struct Encoding {
  std::vector<uint32_t> ids;
  std::vector<uint32_t> type_ids;       // which of the texts
  std::vector<uint8_t> special_mask;    // 1: added by the post-processor or by padding
  std::vector<uint8_t> attention_mask;  // 0: padding
  std::vector<Offsets> offsets;         // empty if not asked for
  std::vector<Blanks> blanks;           // for a post-processor that trims offsets, else empty
  std::vector<Encoding> overflowing;    // what truncation cut off, in windows

  size_t size() const { return ids.size(); }
  // Without what overflowed.
  Encoding slice(size_t begin, size_t end) const;
  void append(const Encoding& other);
};

enum class Side { Right, Left };

struct Truncation {
  enum class Strategy { LongestFirst, OnlyFirst, OnlySecond };
  size_t max_length = 512;
  Strategy strategy = Strategy::LongestFirst;
  size_t stride = 0;  // tokens that a window shares with the one before
  Side side = Side::Right;
};

struct Padding {
  size_t length = 0;    // 0: that of the longest in the batch
  size_t multiple = 0;  // the length is rounded up to a multiple of it, if not 0
  uint32_t pad_id = 0, pad_type_id = 0;
  std::string pad_token = "[PAD]";
  Side side = Side::Right;
};

// Cuts one text, or a pair, to max_length in all. InvalidArgument if the strategy cannot do it or
// the stride leaves no window room to move.
void truncate(std::vector<Encoding>& texts, const Truncation& how);
// Joins in order; what overflowed is combined in all ways, as Hugging Face's tokenizers do.
Encoding merge(std::vector<Encoding> parts);
void pad(std::vector<Encoding>& batch, const Padding& how);

}  // namespace vireo::text
