// The words that converters decompose operators with.
#include "frontends/onnx/convert/build.h"

#include <limits>
#include <numeric>

#include "core/values.h"

namespace vireo::onnx {

Value operator+(const Value& a, const Value& b) { return binary("Add", a, b); }
Value operator-(const Value& a, const Value& b) { return binary("Subtract", a, b); }
Value operator*(const Value& a, const Value& b) { return binary("Multiply", a, b); }
Value operator/(const Value& a, const Value& b) { return binary("Divide", a, b); }
Value operator+(const Value& a, double b) { return a + a.builder->like(a, b); }
Value operator-(const Value& a, double b) { return a - a.builder->like(a, b); }
Value operator*(const Value& a, double b) { return a * a.builder->like(a, b); }
Value operator/(const Value& a, double b) { return a / a.builder->like(a, b); }

Value unary(const char* op, const Value& x) { return x.builder->add(op, 16, {x}); }
Value binary(const char* op, const Value& a, const Value& b) {
  return a.builder->add(op, 16, {a, b});
}
Value power(const Value& a, double exponent) {
  return binary("Power", a, a.builder->like(a, exponent));
}
Value maximum(const Value& a, double b) { return binary("Maximum", a, a.builder->like(a, b)); }
Value minimum(const Value& a, double b) { return binary("Minimum", a, a.builder->like(a, b)); }

Value select(const Value& condition, const Value& then, const Value& otherwise) {
  return condition.builder->add("Select", 1, {condition, then, otherwise});
}

Value convert(const Value& x, element::Type type) {
  if (x.type() == type) return x;
  return x.builder->add("Convert", 1, {x}, {{"destination_type", type}});
}

Value convert_like(const Value& x, const Value& other) {
  if (other.type().is_static()) return convert(x, other.type());
  return x.builder->add("ConvertLike", 1, {x, other});
}

Value round_even(const Value& x) {
  return x.builder->add("Round", 5, {x}, {{"mode", "half_to_even"}});
}

Value clamp(const Value& x, double low, double high) {
  return x.builder->add("Clamp", 1, {x}, {{"min", low}, {"max", high}});
}

Value shape_of(const Value& x) {
  if (x.shape().is_static()) {
    std::vector<int64_t> dims;
    for (const Dimension& d : x.shape()) dims.push_back(d.get_length());
    return x.builder->ints(dims);
  }
  return x.builder->add("ShapeOf", 3, {x}, {{"output_type", element::i64}});
}

Value dim_of(const Value& x, int64_t axis) {
  const Dimension d = x.dim(axis);
  if (d.is_static()) return x.builder->ints({d.get_length()});
  return gather(shape_of(x), x.builder->ints({axis}), 0);
}

Value dims_of(const Value& x, int64_t begin, int64_t end) {
  return slice(shape_of(x), 0, begin, end);
}

Value rank_of(const Value& x) {
  if (x.has_rank()) return x.builder->integer(x.rank());
  return as_scalar(shape_of(shape_of(x)));
}

Value reshape(const Value& x, const std::vector<int64_t>& shape, bool special_zero) {
  return reshape(x, x.builder->ints(shape), special_zero);
}

Value reshape(const Value& x, const Value& shape, bool special_zero) {
  return x.builder->add("Reshape", 1, {x, shape}, {{"special_zero", special_zero}});
}

Value transpose(const Value& x, const std::vector<int64_t>& order) {
  return x.builder->add("Transpose", 1, {x, x.builder->ints(order)});
}

Value squeeze(const Value& x, const std::vector<int64_t>& axes) {
  if (axes.empty()) return x;
  return x.builder->add("Squeeze", 1, {x, x.builder->ints(axes)});
}

Value unsqueeze(const Value& x, const std::vector<int64_t>& axes) {
  if (axes.empty()) return x;
  return x.builder->add("Unsqueeze", 1, {x, x.builder->ints(axes)});
}

Value concat(const Values& parts, int64_t axis) {
  if (parts.size() == 1) return parts[0];
  return parts.at(0).builder->add("Concat", 1, parts, {{"axis", axis}});
}

Values split(const Value& x, int64_t axis, int64_t count) {
  if (count == 1) return {x};
  return x.builder->add_all("Split", 1, {x, x.builder->integer(axis)}, {{"num_splits", count}});
}

Values split(const Value& x, int64_t axis, const std::vector<int64_t>& lengths) {
  return x.builder->add_all("VariadicSplit", 1,
                            {x, x.builder->integer(axis), x.builder->ints(lengths)});
}

Value slice(const Value& x, int64_t axis, int64_t begin, int64_t end, int64_t step) {
  Builder& b = *x.builder;
  return b.add("Slice", 8, {x, b.ints({begin}), b.ints({end}), b.ints({step}), b.ints({axis})});
}

Value slice(const Value& x, int64_t axis, const Value& begin, const Value& end) {
  Builder& b = *x.builder;
  return b.add("Slice", 8, {x, begin, end, b.ints({1}), b.ints({axis})});
}

Value gather(const Value& x, const Value& indices, int64_t axis) {
  return x.builder->add("Gather", 8, {x, indices, x.builder->integer(axis)}, {{"batch_dims", 0}});
}

Value gather(const Value& x, int64_t index, int64_t axis) {
  return gather(x, x.builder->integer(index), axis);
}

Value broadcast(const Value& x, const Value& shape) {
  return x.builder->add("Broadcast", 3, {x, shape}, {{"mode", "numpy"}});
}

Value range(const Value& start, const Value& stop, const Value& step, element::Type type) {
  return start.builder->add("Range", 4, {start, stop, step}, {{"output_type", type}});
}

Value matmul(const Value& a, const Value& b, bool transpose_a, bool transpose_b) {
  return a.builder->add("MatMul", 1, {a, b},
                        {{"transpose_a", transpose_a}, {"transpose_b", transpose_b}});
}

Value reduce(const char* op, const Value& x, const std::vector<int64_t>& axes, bool keep_dims) {
  return x.builder->add(op, 4, {x, x.builder->ints(axes)}, {{"keep_dims", keep_dims}});
}

Value softmax(const Value& x, int64_t axis) {
  return x.builder->add("Softmax", 8, {x}, {{"axis", axis}});
}

Value as_scalar(const Value& x) {
  if (x.has_rank() && x.rank() == 0) return x;
  return reshape(x, std::vector<int64_t>{});
}

std::vector<int64_t> iota(int64_t begin, int64_t end) {
  std::vector<int64_t> v(size_t(std::max<int64_t>(0, end - begin)));
  std::iota(v.begin(), v.end(), begin);
  return v;
}

int64_t normal_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    fail(ErrorCode::InvalidModel, "axis {} is out of range for rank {}", axis, rank);
  return axis < 0 ? axis + rank : axis;
}

std::vector<int64_t> normal_axes(std::vector<int64_t> axes, int64_t rank) {
  for (int64_t& a : axes) a = normal_axis(a, rank);
  return axes;
}

}  // namespace vireo::onnx
