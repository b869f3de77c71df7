// The words that converters decompose operators with: thin names over Builder::add.
#pragma once

#include "frontends/onnx/convert/value.h"

namespace vireo::onnx {

Value operator+(const Value& a, const Value& b);
Value operator-(const Value& a, const Value& b);
Value operator*(const Value& a, const Value& b);
Value operator/(const Value& a, const Value& b);
Value operator+(const Value& a, double b);
Value operator-(const Value& a, double b);
Value operator*(const Value& a, double b);
Value operator/(const Value& a, double b);

Value unary(const char* op, const Value& x);  // "Exp", "Sqrt" ...
Value binary(const char* op, const Value& a, const Value& b);
Value power(const Value& a, double exponent);
Value maximum(const Value& a, double b);
Value minimum(const Value& a, double b);
Value select(const Value& condition, const Value& then, const Value& otherwise);
Value convert(const Value& x, element::Type type);  // nothing where the type is that already
Value convert_like(const Value& x, const Value& other);
Value round_even(const Value& x);
Value clamp(const Value& x, double low, double high);

Value shape_of(const Value& x);  // i64
Value dim_of(const Value& x,
             int64_t axis);  // i64, rank 1, one element; a constant where it is known
Value dims_of(const Value& x, int64_t begin,
              int64_t end);     // [begin, end) of the shape, end over the rank is the rank
Value rank_of(const Value& x);  // i64 scalar
Value reshape(const Value& x, const std::vector<int64_t>& shape, bool special_zero = false);
Value reshape(const Value& x, const Value& shape, bool special_zero = false);
Value transpose(const Value& x, const std::vector<int64_t>& order);
Value squeeze(const Value& x, const std::vector<int64_t>& axes);
Value unsqueeze(const Value& x, const std::vector<int64_t>& axes);
Value concat(const Values& parts, int64_t axis);
Values split(const Value& x, int64_t axis, int64_t count);
Values split(const Value& x, int64_t axis, const std::vector<int64_t>& lengths);
Value slice(const Value& x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);
Value slice(const Value& x, int64_t axis, const Value& begin,
            const Value& end);  // bounds of rank 1
Value gather(const Value& x, const Value& indices, int64_t axis);
Value gather(const Value& x, int64_t index, int64_t axis);  // drops the axis
Value broadcast(const Value& x, const Value& shape);
Value range(const Value& start, const Value& stop, const Value& step,
            element::Type type);  // of scalars
Value matmul(const Value& a, const Value& b, bool transpose_a = false, bool transpose_b = false);
Value reduce(const char* op, const Value& x, const std::vector<int64_t>& axes,
             bool keep_dims = true);
Value softmax(const Value& x, int64_t axis);
// A scalar from a tensor of one element.
Value as_scalar(const Value& x);
// [begin, end)
std::vector<int64_t> iota(int64_t begin, int64_t end);
// Axes counted from the front; throws InvalidModel when out of range.
int64_t normal_axis(int64_t axis, int64_t rank);
std::vector<int64_t> normal_axes(std::vector<int64_t> axes, int64_t rank);

}  // namespace vireo::onnx
