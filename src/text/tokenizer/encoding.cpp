#include "text/tokenizer/encoding.h"

#include <algorithm>

#include "base/support/error.h"

namespace vireo::text {
namespace {

template <typename T>
std::vector<T> part(const std::vector<T>& all, size_t begin, size_t end) {
  return all.empty() ? all : std::vector<T>(all.begin() + begin, all.begin() + end);
}

template <typename T>
void add(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Keeps max tokens of one end; the rest goes into windows of as many that overlap by the stride.
void truncate_one(Encoding& text, size_t max, const Truncation& how) {
  const size_t size = text.size();
  if (max >= size) return;
  if (max == 0) {
    Encoding rest;
    std::swap(rest, text);
    text.overflowing.push_back(std::move(rest));
    return;
  }
  if (how.stride >= max)
    fail(ErrorCode::InvalidArgument,
         "truncation: stride {} must be less than the {} tokens that are left of max_length",
         how.stride, max);
  const size_t step = max - how.stride;
  std::vector<Encoding> windows;
  for (size_t done = 0; done < size; done += step) {
    const size_t near = done, far = std::min(done + max, size);
    if (how.side == Side::Right)
      windows.push_back(text.slice(near, far));
    else
      windows.push_back(text.slice(size - far, size - near));
    if (far == size) break;
  }
  text = std::move(windows[0]);
  text.overflowing.assign(std::make_move_iterator(windows.begin() + 1),
                          std::make_move_iterator(windows.end()));
}

// How many tokens each of two texts keeps: the longer one gives first.
std::pair<size_t, size_t> share(size_t first, size_t second, size_t max) {
  size_t less = std::min(first, second);
  size_t more = less > max ? less : std::max(less, max - less);
  if (less + more > max) {
    less = max / 2;
    more = less + max % 2;
  }
  return first > second ? std::pair(more, less) : std::pair(less, more);
}

void pad_one(Encoding& text, size_t length, const Padding& how) {
  for (Encoding& window : text.overflowing) pad_one(window, length, how);
  if (text.size() >= length) return;
  const size_t count = length - text.size();
  const auto fill = [&](auto& values, auto value) {
    values.insert(how.side == Side::Left ? values.begin() : values.end(), count, value);
  };
  if (!text.offsets.empty() || text.ids.empty()) fill(text.offsets, Offsets{0, 0});
  fill(text.ids, how.pad_id);
  fill(text.type_ids, how.pad_type_id);
  fill(text.special_mask, uint8_t(1));
  fill(text.attention_mask, uint8_t(0));
}

}  // namespace

Encoding Encoding::slice(size_t begin, size_t end) const {
  return {part(ids, begin, end),
          part(type_ids, begin, end),
          part(special_mask, begin, end),
          part(attention_mask, begin, end),
          part(offsets, begin, end),
          part(blanks, begin, end),
          {}};
}

void Encoding::append(const Encoding& other) {
  add(ids, other.ids);
  add(type_ids, other.type_ids);
  add(special_mask, other.special_mask);
  add(attention_mask, other.attention_mask);
  add(offsets, other.offsets);
  add(blanks, other.blanks);
}

void truncate(std::vector<Encoding>& texts, const Truncation& how) {
  using Strategy = Truncation::Strategy;
  size_t total = 0;
  for (const Encoding& text : texts) total += text.size();
  if (how.max_length > 0 && total <= how.max_length) return;
  if (how.max_length == 0) {
    for (Encoding& text : texts) truncate_one(text, 0, how);
  } else if (how.strategy == Strategy::LongestFirst) {
    if (texts.size() == 1) return truncate_one(texts[0], how.max_length, how);
    const auto [first, second] = share(texts[0].size(), texts[1].size(), how.max_length);
    truncate_one(texts[0], first, how);
    truncate_one(texts[1], second, how);
  } else {
    const size_t which = how.strategy == Strategy::OnlyFirst ? 0 : 1;
    if (which >= texts.size())
      fail(ErrorCode::InvalidArgument, "truncation: only_second needs a pair of texts");
    const size_t remove = total - how.max_length, size = texts[which].size();
    if (size <= remove)
      fail(ErrorCode::InvalidArgument,
           "truncation: {} tokens must go and the text that may be cut has {}", remove, size);
    truncate_one(texts[which], size - remove, how);
  }
}

Encoding merge(std::vector<Encoding> parts) {
  Encoding all;
  if (parts.empty()) return all;
  all = std::move(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    std::vector<Encoding> windows;
    const auto combine = [&](const Encoding& a, const Encoding& b) {
      Encoding both = a;
      both.overflowing.clear();
      both.append(b);
      windows.push_back(std::move(both));
    };
    for (const Encoding& window : all.overflowing) {
      combine(window, parts[i]);
      for (const Encoding& other : parts[i].overflowing) combine(window, other);
    }
    for (const Encoding& other : parts[i].overflowing) combine(all, other);
    all.append(parts[i]);
    all.overflowing = std::move(windows);
  }
  return all;
}

void pad(std::vector<Encoding>& batch, const Padding& how) {
  size_t length = how.length;
  if (length == 0)
    for (const Encoding& text : batch) length = std::max(length, text.size());
  if (how.multiple > 0 && length % how.multiple > 0) length += how.multiple - length % how.multiple;
  for (Encoding& text : batch) pad_one(text, length, how);
}

}  // namespace vireo::text
