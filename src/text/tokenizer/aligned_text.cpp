#include "text/tokenizer/aligned_text.h"

#include <algorithm>

#include "base/support/error.h"

namespace vireo::text {

void AlignedText::assign(std::string_view text, uint32_t shift, bool tracked) {
  text_.assign(text);
  origins_.clear();
  shift_ = shift;
  tracked_ = tracked;
  limit_ = (size_t(1) << 20) + 32 * text.size();  // no Unicode form comes near
}

void AlignedText::assign(const AlignedText& text, Piece piece) {
  text_.assign(text.view(piece));
  shift_ = text.shift_ + piece.begin;
  tracked_ = text.tracked_;
  limit_ = text.limit_;
  origins_.clear();
  if (!text.origins_.empty())
    origins_.assign(text.origins_.begin() + piece.begin, text.origins_.begin() + piece.end);
}

Origin AlignedText::origin(uint32_t byte) const {
  if (!origins_.empty()) return origins_[byte];
  uint32_t begin = byte, end = byte + 1;
  while (begin > 0 && is_continuation(text_[begin])) --begin;
  while (end < text_.size() && is_continuation(text_[end])) ++end;
  return {shift_ + begin, shift_ + end};
}

Origin AlignedText::origin(Piece piece) const {
  if (piece.begin == piece.end) {  // as if it stood before what follows
    if (piece.begin < text_.size()) return {origin(piece.begin).begin, origin(piece.begin).begin};
    const uint32_t end = text_.empty() ? shift_ : origin(uint32_t(text_.size() - 1)).end;
    return {end, end};
  }
  return {origin(piece.begin).begin, origin(piece.end - 1).end};
}

Rewrite::Rewrite(AlignedText& text) : text_(text) {
  out_.reserve(text.text_.size() + 16);
  if (text.tracked_) origins_.reserve(text.text_.size() + 16);
}

void Rewrite::keep(size_t begin, size_t end) {
  out_.append(text_.text_, begin, end - begin);
  if (!text_.tracked_) return;
  if (!text_.origins_.empty()) {
    origins_.insert(origins_.end(), text_.origins_.begin() + begin, text_.origins_.begin() + end);
    return;
  }
  for (size_t at = begin; at < end;) {
    const Origin origin = text_.origin(uint32_t(at));
    const size_t next = std::min<size_t>(end, origin.end - text_.shift_);
    for (; at < next; ++at) origins_.push_back(origin);
  }
}

void Rewrite::put(char32_t c, size_t at) {
  append(out_, c);
  if (text_.tracked_) origins_.resize(out_.size(), text_.origin(uint32_t(at)));
}

void Rewrite::put(std::string_view chars, size_t at) {
  if (out_.size() + chars.size() > text_.limit_)
    fail(ErrorCode::InvalidArgument, "normalising makes more than {} bytes of a text of {}",
         text_.limit_, text_.text_.size());
  out_.append(chars);
  if (text_.tracked_) origins_.resize(out_.size(), text_.origin(uint32_t(at)));
}

void Rewrite::finish() {
  text_.text_.swap(out_);
  text_.origins_.swap(origins_);
}

void transform(Rewrite& rewrite, const AlignedText& text, Piece range, span<const Changed> chars) {
  uint32_t at = range.begin;
  for (const Changed& one : chars) {
    // What is inserted shares the origin of what stands before it.
    const uint32_t from = one.change > 0 && at > 0 ? at - 1 : at;
    rewrite.put(one.code, std::min<size_t>(from, text.view().size() - 1));
    for (int i = one.change; i <= 0 && at < range.end; ++i) at += decode(text.view(), at).size;
  }
}

}  // namespace vireo::text
