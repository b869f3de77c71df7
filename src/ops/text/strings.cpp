#include "ops/text/strings.h"

#include <algorithm>

namespace vireo::ops {

void expect_type(InferContext& c, size_t i, element::Type type) {
  if (c.type(i).is_static() && c.type(i) != type)
    c.fail("input {} must be {}, got {}", i, type.name(), c.type(i).name());
}

void expect_rows(InferContext& c, size_t first) {
  expect_type(c, first, element::i32);
  expect_type(c, first + 1, element::i32);
  if (!c.shape(first).compatible(c.shape(first + 1)))
    c.fail("begins of shape {} and ends of shape {} differ", c.shape(first).to_string(),
           c.shape(first + 1).to_string());
}

void expect_bytes(InferContext& c, size_t i) {
  expect_type(c, i, element::u8);
  c.expect_rank(i, 1, 1);
}

void expect_strings(InferContext& c, size_t first) {
  expect_rows(c, first);
  expect_bytes(c, first + 2);
}

void set_rows(InferContext& c, size_t first, const PartialShape& shape) {
  c.set_output(first, element::i32, shape);
  c.set_output(first + 1, element::i32, shape);
}

void set_strings(InferContext& c, size_t first, const PartialShape& shape) {
  set_row_elements(c, first, shape, element::u8);
}

void set_row_elements(InferContext& c, size_t first, const PartialShape& shape,
                      element::Type type) {
  set_rows(c, first, shape);
  c.set_output(first + 2, type, PartialShape{Dimension()});
}

void set_row_strings(InferContext& c, size_t first, const PartialShape& shape) {
  set_rows(c, first, shape);
  set_strings(c, first + 2, PartialShape{Dimension()});
}

Ranges::Ranges(const EvalContext& c, size_t first, size_t limit)
    : c_(c),
      first_(first),
      size_(c.input(first).get_size()),
      limit_(limit),
      begins_(c.input(first).data<int32_t>()),
      ends_(c.input(first + 1).data<int32_t>()) {
  if (c.input(first + 1).get_size() != size_)
    c.fail("inputs {} and {} have {} begins and {} ends", first, first + 1, size_,
           c.input(first + 1).get_size());
}

void Ranges::refuse(size_t i) const {
  c_.fail("range {} of inputs {} and {} is [{}, {}) of {} elements", i, first_, first_ + 1,
          begins_[i], ends_[i], limit_);
}

std::string_view Strings::bytes_of(const EvalContext& c, size_t i) {
  const Tensor& tensor = c.input(i);
  if (tensor.get_size() == 0) return {};
  return {reinterpret_cast<const char*>(tensor.data<uint8_t>()), tensor.get_size()};
}

void StringsOut::store(EvalContext& c, size_t first, const Shape& shape) {
  if (bytes.size() > INT32_MAX)
    c.fail("{} bytes are more than 32-bit positions reach", bytes.size());
  store_ints(c, first, shape, begins_);
  store_ints(c, first + 1, shape, ends_);
  Tensor& out = c.output(first + 2, element::u8, {bytes.size()});
  std::copy(bytes.begin(), bytes.end(), static_cast<char*>(out.data()));
}

void RowsOut::store(EvalContext& c, size_t first, const Shape& shape) {
  store_ints(c, first, shape, begins_);
  store_ints(c, first + 1, shape, ends_);
}

void store_ints(EvalContext& c, size_t i, const Shape& shape, const std::vector<int32_t>& values) {
  Tensor& out = c.output(i, element::i32, shape);
  std::copy(values.begin(), values.end(), out.data<int32_t>());
}

int32_t only_int(const EvalContext& c, size_t i) {
  if (c.input(i).get_size() != 1)
    c.fail("input {} must be one number, got {}", i, c.input(i).get_size());
  return c.input(i).data<int32_t>()[0];
}

}  // namespace vireo::ops
