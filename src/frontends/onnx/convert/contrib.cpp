// The rarer operators of com.microsoft.
#include "core/values.h"
#include "frontends/onnx/convert/quantize.h"
#include "frontends/onnx/convert/window.h"

namespace vireo::onnx {

Outputs ms_bias_add(Node& n) { return n.in(0) + n.in(1) + n.in(2); }

Outputs ms_bias_split_gelu(Node& n) {
  const Values halves = split(n.in(0) + n.in(1), -1, 2);
  return halves[0] * n.b.add("Gelu", 7, {halves[1]}, {{"approximation_mode", "ERF"}});
}

Outputs ms_inverse(Node& n) { return n.b.add("Inverse", 14, {n.in(0)}, {{"adjoint", false}}); }

Outputs ms_range(Node& n) {
  const Value start = as_scalar(n.in(0));
  return range(start, as_scalar(n.in(1)), n.has(2) ? as_scalar(n.in(2)) : n.b.like(start, 1),
               start.type());
}

Outputs ms_qlinear_average_pool(Node& n) {
  const Value zp = n.in_or(4, {});
  Value x = dequantize(n.in(0), n.in(1), n.in_or(2, {}));
  const bool last = n.integer("channels_last", 0) != 0;
  const int64_t rank = x.rank();
  std::vector<int64_t> first = iota(0, rank), back = first;
  for (int64_t i = 1; last && i < rank; ++i) {
    first[size_t(i)] = i == 1 ? rank - 1 : i - 1;
    back[size_t(i)] = i == rank - 1 ? 1 : i + 1;
  }
  if (last) x = transpose(x, first);
  const WindowAttrs w = window_attrs(n, n.ints("kernel_shape", {}).size());
  Value y = n.b.add("AvgPool", 14, {x},
                    {{"strides", w.strides},
                     {"pads_begin", w.pads_begin},
                     {"pads_end", w.pads_end},
                     {"kernel", n.ints("kernel_shape", {})},
                     {"auto_pad", w.auto_pad},
                     {"exclude-pad", n.integer("count_include_pad", 0) == 0},
                     {"rounding_type", n.integer("ceil_mode", 0) ? "ceil_torch" : "floor"}});
  if (last) y = transpose(y, back);
  return quantize(y, n.in(3), zp, zp ? zp.type() : n.in(0).type());
}

namespace {

// Bytes of 4-bit numbers, two along the last axis, as a constant of u4.
Value nibbles(Builder& b, const Value& v) {
  const Tensor t = v.fact().value;
  if (!t) fail(ErrorCode::NotSupported, "packed data that are not constant are not supported");
  Shape shape = t.get_shape();
  if (shape.empty()) fail(ErrorCode::InvalidModel, "packed data have no axes");
  shape.back() *= 2;
  const Tensor dense = t.dense();
  return b.constant(Tensor(element::u4, shape, dense.data(), dense.impl()));
}

}  // namespace

// Rows of a table of few bits in blocks, each with a scale: only what is looked up is decompressed.
Outputs ms_gather_block_quantized(Node& n) {
  Value table = n.in(0);
  const int64_t bits = n.integer("bits", 4),
                axis = normal_axis(n.integer("gather_axis", 0), table.rank());
  const int64_t blocks = normal_axis(n.integer("quantize_axis", 1), table.rank());
  if (axis >= blocks)
    fail(ErrorCode::NotSupported, "gathering along axis {} behind the blocks is not supported",
         axis);
  const bool bytes = table.type() == element::u8;
  Value zero = n.in_or(3, {});
  if (bytes && bits == 4) {
    table = nibbles(n.b, table);
    if (zero) zero = nibbles(n.b, zero);
  }
  const Value scales = n.in(2), indices = n.in(1);
  if (bytes && !zero)
    zero = broadcast(n.b.number(table.type(), double(int64_t(1) << (bits - 1))), shape_of(scales));
  const auto rows = [&](const Value& v) { return gather(v, indices, axis); };
  if (zero && zero.dim(-1) != scales.dim(-1))
    zero = slice(zero, -1, n.b.ints({0}), dim_of(scales, -1));
  return dequantize(rows(table), rows(scales), zero ? rows(zero) : Value(),
                    blocks + indices.rank() - 1, n.integer("block_size", 128));
}

}  // namespace vireo::onnx
