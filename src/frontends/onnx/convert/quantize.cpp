// Quantisation: QuantizeLinear, DequantizeLinear and the operators that compute on quantised data.
#include "frontends/onnx/convert/quantize.h"

#include <algorithm>
#include <optional>

#include "core/values.h"
#include "frontends/onnx/convert/window.h"
#include "frontends/onnx/reader/tensor.h"

namespace vireo::onnx {
namespace {

struct Limits {
  double low, high;
};

std::optional<Limits> limits(element::Type type) {
  switch (type) {
    case element::Type_t::u8: return Limits{0, 255};
    case element::Type_t::i8: return Limits{-128, 127};
    case element::Type_t::u16: return Limits{0, 65535};
    case element::Type_t::i16: return Limits{-32768, 32767};
    case element::Type_t::u4: return Limits{0, 15};
    case element::Type_t::i4: return Limits{-8, 7};
    case element::Type_t::u2: return Limits{0, 3};
    case element::Type_t::f8e4m3: return Limits{-448, 448};
    case element::Type_t::f8e5m2: return Limits{-57344, 57344};
    case element::Type_t::f4e2m1: return Limits{-6, 6};
    default: return std::nullopt;
  }
}

// One number per channel, put where x has its channels; one number stays a scalar.
Value along(const Value& v, const Value& x, int64_t axis) {
  if (!v.has_rank() || v.rank() == 0) return v;
  if (v.shape().is_static() && shape_size(v.shape().to_shape()) == 1) return as_scalar(v);
  if (v.rank() != 1 || !x.has_rank()) return v;
  const int64_t rank = x.rank();
  if (rank <= 1) return v;
  std::vector<int64_t> shape(size_t(rank), 1);
  shape[size_t(normal_axis(axis, rank))] = -1;
  return reshape(v, shape);
}

// One number per block of `block` elements along an axis, repeated for every element of x.
Value spread_blocks(const Value& v, const Value& x, int64_t axis, int64_t block) {
  const int64_t rank = x.rank(), at = normal_axis(axis, rank);
  Builder& b = *x.builder;
  const Value wide = unsqueeze(v, {at + 1});
  std::vector<int64_t> repeats(size_t(rank + 1), 1);
  repeats[size_t(at + 1)] = block;
  const Value tiled = b.add("Tile", 1, {wide, b.ints(repeats)});
  Values dims;
  if (at > 0) dims.push_back(dims_of(v, 0, at));
  dims.push_back(b.ints({-1}));
  if (at + 1 < rank) dims.push_back(dims_of(v, at + 1, rank));
  const Value flat = reshape(tiled, concat(dims, 0));
  return slice(flat, at, b.ints({0}), dim_of(x, at));
}

Value placed(const Value& v, const Value& x, int64_t axis, int64_t block) {
  return block > 0 ? spread_blocks(v, x, axis, block) : along(v, x, axis);
}

// The whole form that devices know: levels between constant limits, as OpenVINO's importer writes
// it.
Value fake_quantize(const Value& x, const Value& scale, const Value& zero_point,
                    element::Type type) {
  Builder& b = *x.builder;
  const Limits l = *limits(type);
  const std::vector<double> scales = load<double>(scale.fact().value);
  std::vector<double> zeros{0};
  if (zero_point) zeros = load<double>(zero_point.fact().value);
  const size_t count = std::max(scales.size(), zeros.size());
  if (std::min(scales.size(), zeros.size()) != 1 && scales.size() != zeros.size())
    fail(ErrorCode::InvalidModel, "{} scales and {} zero points do not go together", scales.size(),
         zeros.size());
  std::vector<double> low, high;
  for (size_t i = 0; i < count; ++i) {
    const double s = scales[scales.size() == 1 ? 0 : i], z = zeros[zeros.size() == 1 ? 0 : i];
    low.push_back((l.low - z) * s);
    high.push_back((l.high - z) * s);
  }
  const Shape shape = scales.size() >= zeros.size() || !zero_point ? scale.shape().to_shape()
                                                                   : zero_point.shape().to_shape();
  const auto bound = [&](const std::vector<double>& v) {
    return b.constant(make_tensor<double>(x.type(), shape, v));
  };
  const Value fq =
      b.add("FakeQuantize", 1,
            {x, bound(low), bound(high), b.number(x.type(), l.low), b.number(x.type(), l.high)},
            {{"levels", int64_t(l.high - l.low) + 1}});
  return convert(fq, type);
}

bool can_fake(const Value& x, const Value& scale, const Value& zero_point, element::Type type) {
  if (type != element::u8 && type != element::i8 && type != element::u16 && type != element::i16)
    return false;
  if (!x.type().is_real() || !scale.fact().value || (zero_point && !zero_point.fact().value))
    return false;
  for (double s : load<double>(scale.fact().value))
    if (!(s > 0)) return false;
  return scale.fact().value.get_size() <= (size_t(1) << 20);
}

element::Type target_type(Node& n, const Value& zero_point) {
  if (zero_point && zero_point.type().is_static()) return zero_point.type();
  const int64_t given = n.integer("output_dtype", 0);
  return given ? element_type(given, "attribute 'output_dtype'") : element::u8;
}

bool is_zero(const Value& v) {
  if (!v.fact().value) return false;
  for (double z : load<double>(v.fact().value))
    if (z != 0) return false;
  return true;
}

}  // namespace

Value dequantize(const Value& x, const Value& scale, const Value& zero_point, int64_t axis,
                 int64_t block) {
  Value v = convert_like(x, scale);
  if (zero_point && zero_point.type() != element::f8e8m0) {
    if (!is_zero(zero_point)) v = v - placed(convert_like(zero_point, scale), x, axis, block);
  }
  return v * placed(scale, x, axis, block);
}

Value quantize(const Value& x, const Value& scale, const Value& zero_point, element::Type type,
               int64_t axis, int64_t block) {
  const std::optional<Limits> l = limits(type);
  if (!l) fail(ErrorCode::NotSupported, "quantisation to {} is not supported", type.name());
  const Value zp = zero_point ? placed(zero_point, x, axis, block) : Value();
  const Value s = placed(scale, x, axis, block);
  if (can_fake(x, s, zp, type)) return fake_quantize(x, s, zp, type);
  const element::Type inner = x.type().is_real() ? x.type() : element::f32;
  Value v = convert(x, inner) / convert(s, inner);
  if (type.is_integral()) v = round_even(v);
  if (zp) v = v + convert(zp, inner);
  return convert(clamp(v, l->low, l->high), type);
}

Outputs quantize_linear(Node& n) {
  const Value zp = n.in_or(2, {});
  return quantize(n.in(0), n.in(1), zp, target_type(n, zp), n.integer("axis", 1),
                  n.integer("block_size", 0));
}

Outputs dequantize_linear(Node& n) {
  const Value y = dequantize(n.in(0), n.in(1), n.in_or(2, {}), n.integer("axis", 1),
                             n.integer("block_size", 0));
  const int64_t type = n.integer("output_dtype", 0);
  return type ? convert(y, element_type(type, "attribute 'output_dtype'")) : y;
}

Outputs dynamic_quantize_linear(Node& n) {
  const Value x = n.in(0);
  std::vector<int64_t> all = x.has_rank() ? iota(0, x.rank()) : std::vector<int64_t>();
  const Value flat = x.has_rank() ? x : reshape(x, std::vector<int64_t>{-1});
  if (!x.has_rank()) all = {0};
  const Value high = maximum(reduce("ReduceMax", flat, all, false), 0),
              low = minimum(reduce("ReduceMin", flat, all, false), 0);
  const Value range = (high - low) / 255.0;
  const Value scale = select(binary("Equal", range, n.b.like(range, 0)), n.b.like(range, 1), range);
  const Value zero = clamp(round_even(n.b.like(low, 0) - low / scale), 0, 255);
  const Value y = convert(clamp(round_even(x / scale) + zero, 0, 255), element::u8);
  return {y, range, convert(zero, element::u8)};
}

Outputs mat_mul_integer(Node& n) {
  Value a = convert(n.in(0), element::i32), w = convert(n.in(1), element::i32);
  if (n.has(2)) {
    Value zero = convert(n.in(2), element::i32);
    if (zero.has_rank() && zero.rank() == 1 && zero.dim(0) != Dimension(1))
      zero = unsqueeze(zero, {1});
    a = a - zero;
  }
  if (n.has(3)) w = w - convert(n.in(3), element::i32);
  return matmul(a, w);
}

Outputs qlinear_mat_mul(Node& n) {
  // One number per row of a, per column of b.
  const Value a = dequantize(n.in(0), n.in(1), n.in(2), -2),
              w = dequantize(n.in(3), n.in(4), n.in(5), -1);
  return quantize(matmul(a, w), n.in(6), n.in(7), n.in(7).type(), -2);
}

Outputs qlinear_conv(Node& n) {
  const Value x = dequantize(n.in(0), n.in(1), n.in(2)),
              w = dequantize(n.in(3), n.in(4), n.in(5), 0);
  Value bias;
  if (n.has(8)) bias = convert(n.in(8), element::f32) * (as_scalar(n.in(1)) * n.in(4));
  return quantize(convolution(n, x, w, bias), n.in(6), n.in(7), n.in(7).type());
}

namespace {

Value requantized(Node& n, const Value& y, size_t scale, size_t zero) {
  const Value zp = n.in_or(zero, {});
  return quantize(y, n.in(scale), zp, zp ? zp.type() : n.in(0).type());
}

}  // namespace

Outputs ms_qlinear_add(Node& n) {
  return requantized(
      n,
      dequantize(n.in(0), n.in(1), n.in_or(2, {})) + dequantize(n.in(3), n.in(4), n.in_or(5, {})),
      6, 7);
}
Outputs ms_qlinear_mul(Node& n) {
  return requantized(
      n,
      dequantize(n.in(0), n.in(1), n.in_or(2, {})) * dequantize(n.in(3), n.in(4), n.in_or(5, {})),
      6, 7);
}
Outputs ms_qlinear_sigmoid(Node& n) {
  return requantized(n, unary("Sigmoid", dequantize(n.in(0), n.in(1), n.in_or(2, {}))), 3, 4);
}

Outputs ms_qlinear_leaky_relu(Node& n) {
  const Value x = dequantize(n.in(0), n.in(1), n.in_or(2, {}));
  return requantized(
      n, n.b.add("PRelu", 1, {x, n.b.numbers(element::f32, {n.real("alpha", 0.01)})}), 3, 4);
}

Outputs ms_qlinear_softmax(Node& n) {
  const Value x = dequantize(n.in(0), n.in(1), n.in_or(2, {}));
  return requantized(n, softmax(x, n.integer("axis", n.integer("opset", 13) < 13 ? 1 : -1)), 3, 4);
}

Outputs ms_qlinear_concat(Node& n) {
  Values parts;
  for (size_t i = 2; i + 1 < n.inputs(); i += 3)
    parts.push_back(dequantize(n.in(i), n.in(i + 1), n.in_or(i + 2, {})));
  return quantize(concat(parts, n.integer("axis")), n.in(0), n.in(1), n.in(1).type());
}

Outputs ms_qlinear_global_average_pool(Node& n) {
  const Value x = dequantize(n.in(0), n.in(1), n.in_or(2, {}));
  const bool last = n.integer("channels_last", 0) != 0;
  return requantized(n, reduce("ReduceMean", x, last ? iota(1, x.rank() - 1) : iota(2, x.rank())),
                     3, 4);
}

Outputs ms_qlinear_reduce_mean(Node& n) {
  const Value x = dequantize(n.in(0), n.in(1), n.in_or(2, {}));
  return requantized(
      n, reduce("ReduceMean", x, n.ints("axes", iota(0, x.rank())), n.integer("keepdims", 1) != 0),
      3, 4);
}

Outputs ms_qlinear_where(Node& n) {
  const Value x = dequantize(n.in(1), n.in(2), n.in_or(3, {})),
              y = dequantize(n.in(4), n.in(5), n.in_or(6, {}));
  const Value zp = n.in_or(8, {});
  return quantize(select(n.in(0), x, y), n.in(7), zp, zp ? zp.type() : n.in(1).type());
}

Outputs ms_qgemm(Node& n) {
  const Value a = dequantize(n.in(0), n.in(1), n.in_or(2, {}));
  const Value w = dequantize(n.in(3), n.in(4), n.in_or(5, {}), n.integer("transB", 0) ? 0 : 1);
  Value y = matmul(a, w, n.integer("transA", 0) != 0, n.integer("transB", 0) != 0);
  if (const double alpha = n.real("alpha", 1); alpha != 1) y = y * alpha;
  if (n.has(6))
    y = y + convert(n.in(6), element::f32) * (as_scalar(n.in(1)) * n.in(4)) * n.real("alpha", 1);
  if (!n.has(7)) return y;
  return requantized(n, y, 7, 8);
}

Outputs ms_mat_mul_integer_to_float(Node& n) {
  const Value a = dequantize(n.in(0), n.in(2), n.in_or(4, {}), -2),
              w = dequantize(n.in(1), n.in(3), n.in_or(5, {}), -1);
  const Value y = matmul(a, w);
  return n.has(6) ? y + n.in(6) : y;
}

Outputs ms_dynamic_quantize_mat_mul(Node& n) {
  const Value y = matmul(n.in(0), dequantize(n.in(1), n.in(2), n.in_or(3, {}), -1));
  return n.has(4) ? y + n.in(4) : y;
}

}  // namespace vireo::onnx
