// How the text operators hand strings about: where each begins and ends (i32) in one row of bytes
// (u8). Strings of several words are rows: where each begins and ends (i32) among the words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/op.h"

namespace vireo::ops {

// --- inference ---

void expect_strings(InferContext& c, size_t first);               // inputs first .. first + 2
void expect_rows(InferContext& c, size_t first);                  // inputs first, first + 1
void expect_bytes(InferContext& c, size_t i);                     // one string: u8 of rank 1
void expect_type(InferContext& c, size_t i, element::Type type);  // dynamic passes

// Begins and ends of a shape, and bytes.
void set_strings(InferContext& c, size_t first, const PartialShape& shape);
void set_rows(InferContext& c, size_t first, const PartialShape& shape);
// Rows of elements whose number hangs on the values.
void set_row_elements(InferContext& c, size_t first, const PartialShape& shape, element::Type type);
void set_row_strings(InferContext& c, size_t first, const PartialShape& shape);

// --- evaluation ---

struct Range {
  size_t begin, end;
  size_t size() const { return end - begin; }
};

// Ranges of `limit` elements out of two inputs. A range outside of them fails when it is asked for.
class Ranges {
 public:
  Ranges(const EvalContext& c, size_t first, size_t limit);
  size_t size() const { return size_; }
  Range operator[](size_t i) const {
    const int32_t begin = begins_[i], end = ends_[i];
    if (begin < 0 || begin > end || size_t(end) > limit_) refuse(i);
    return {size_t(begin), size_t(end)};
  }

 private:
  [[noreturn]] void refuse(size_t i) const;

  const EvalContext& c_;
  const size_t first_, size_, limit_;
  const int32_t* begins_;
  const int32_t* ends_;
};

// The strings of three inputs.
class Strings {
 public:
  Strings(const EvalContext& c, size_t first)
      : ranges_(c, first, c.input(first + 2).get_size()), bytes_(bytes_of(c, first + 2)) {}
  size_t size() const { return ranges_.size(); }
  Range range(size_t i) const { return ranges_[i]; }
  std::string_view operator[](size_t i) const {
    const Range range = ranges_[i];
    return bytes_.substr(range.begin, range.size());
  }
  static std::string_view bytes_of(const EvalContext& c, size_t i);

 private:
  const Ranges ranges_;
  const std::string_view bytes_;
};

// Strings one behind the other.
class StringsOut {
 public:
  void add(std::string_view text) {
    begin();
    bytes += text;
    end();
  }
  // Between them `bytes` takes what belongs to the string.
  void begin() { begins_.push_back(int32_t(bytes.size())); }
  void end() { ends_.push_back(int32_t(bytes.size())); }
  // As outputs first .. first + 2; fails if 32-bit positions do not reach.
  void store(EvalContext& c, size_t first, const Shape& shape);

  std::string bytes;

 private:
  std::vector<int32_t> begins_, ends_;
};

// Ranges that follow one another, as outputs first, first + 1.
class RowsOut {
 public:
  void begin(size_t at) { begins_.push_back(int32_t(at)); }
  void end(size_t at) { ends_.push_back(int32_t(at)); }
  void store(EvalContext& c, size_t first, const Shape& shape);

 private:
  std::vector<int32_t> begins_, ends_;
};

void store_ints(EvalContext& c, size_t i, const Shape& shape, const std::vector<int32_t>& values);

// The one element of an i32 input.
int32_t only_int(const EvalContext& c, size_t i);

}  // namespace vireo::ops
