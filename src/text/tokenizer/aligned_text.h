// A text on its way through normalisers and pre-tokenisers that remembers where each byte came
// from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/support/span.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace vireo::text {

// A range of bytes: of the input where an Origin is meant, of the text where a Piece is.
struct Origin {
  uint32_t begin, end;
};
struct Piece {
  uint32_t begin, end;
  uint32_t size() const { return end - begin; }
};

// Valid UTF-8 of less than 4 GiB. Untracked it is the text alone, which is all that ids need.
class AlignedText {
 public:
  // `shift`: where in the input the text starts.
  void assign(std::string_view text, uint32_t shift, bool tracked);

  void assign(const AlignedText& text, Piece piece);  // a part of another

  std::string_view view() const { return text_; }
  std::string_view view(Piece piece) const {
    return std::string_view(text_).substr(piece.begin, piece.size());
  }
  bool tracked() const { return tracked_; }
  uint32_t shift() const { return shift_; }

  // For edits that leave every character the length that it has.
  char* bytes() { return text_.data(); }

  // The input's bytes that the byte came from: whole characters. Only of tracked texts.
  Origin origin(uint32_t byte) const;
  Origin origin(Piece piece) const;

 private:
  friend class Rewrite;
  std::string text_;
  std::vector<Origin> origins_;  // of each byte; empty while the text is the input's own
  uint32_t shift_ = 0;
  bool tracked_ = false;
  size_t limit_ = 0;  // bytes that rewriting may make of it
};

// Writes a text anew from left to right: what is put says at which byte of the old text its origin
// stands. The new text takes the old one's place at finish(). InvalidArgument for texts that grow
// without measure, as rules that a stranger wrote can do.
class Rewrite {
 public:
  explicit Rewrite(AlignedText& text);

  void keep(size_t begin, size_t end);  // bytes of the old text
  void put(char32_t c, size_t at);
  void put(std::string_view chars, size_t at);
  size_t size() const { return out_.size(); }
  void finish();

 private:
  AlignedText& text_;
  std::string out_;
  std::vector<Origin> origins_;
};

// Puts characters in the place of a range; each says how many old ones it stands for.
void transform(Rewrite& rewrite, const AlignedText& text, Piece range, span<const Changed> chars);

}  // namespace vireo::text
