// Matrix products.
#include <algorithm>

#include "core/values.h"
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {

Outputs mat_mul(Node& n) { return matmul(n.in(0), n.in(1)); }

Outputs gemm(Node& n) {
  Value a = n.in(0), w = n.in(1);
  // Gemm's operands are matrices; before opset 7 exporters gave it more axes.
  if (a.has_rank() && a.rank() > 2) a = reshape(a, {0, -1}, true);
  Value y = matmul(a, w, n.integer("transA", 0) != 0, n.integer("transB", 0) != 0);
  const double alpha = n.real("alpha", 1), beta = n.real("beta", 1);
  if (alpha != 1) y = y * alpha;
  if (!n.has(2) || beta == 0) return y;
  return y + (beta == 1 ? n.in(2) : n.in(2) * beta);
}

Outputs einsum(Node& n) {
  std::string equation = n.text("equation", "");
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  return n.b.add("Einsum", 7, n.all(), {{"equation", equation}});
}

namespace {

// "transBatch": the first axis belongs behind the batch axes: [M, B.., K] stands for [B.., M, K].
Value batch_moved(const Value& x) {
  std::vector<int64_t> order = iota(1, x.rank() - 1);
  order.push_back(0);
  order.push_back(x.rank() - 1);
  return transpose(x, order);
}

// Bytes of packed numbers as a tensor of the packed type; shares the data.
Value packed_constant(Builder& b, const Tensor& bytes, element::Type type, const Shape& shape) {
  if (dense_byte_size(type, shape) != bytes.get_byte_size())
    fail(ErrorCode::InvalidModel, "packed data of {} bytes, expected {}", bytes.get_byte_size(),
         dense_byte_size(type, shape));
  return b.constant(Tensor(type, shape, bytes.data(), bytes.impl()));
}

struct Blocks {
  int64_t k, n, bits, size, count;
  element::Type type;
};

// Zero points: rows of packed numbers padded to bytes, or floats, one per block.
Value block_zero_points(Node& node, const Blocks& w, element::Type compute) {
  Builder& b = node.b;
  const Shape shape{size_t(w.n), size_t(w.count), 1};
  if (!node.has(3)) {
    const double middle = double(int64_t(1) << (w.bits - 1));
    return b.number(compute, middle);
  }
  const Tensor zp = node.in(3).fact().value;
  if (!zp) fail(ErrorCode::NotSupported, "zero points that are not constant are not supported");
  if (zp.get_element_type().is_real())
    return convert(b.constant(zp.dense().reshaped(shape)), compute);
  const size_t row = (size_t(w.count) * size_t(w.bits) + 7) / 8, per_row = row * 8 / size_t(w.bits);
  if (zp.get_byte_size() != row * size_t(w.n))
    fail(ErrorCode::InvalidModel, "zero points of {} bytes, expected {}", zp.get_byte_size(),
         row * size_t(w.n));
  if (per_row == size_t(w.count)) return convert(packed_constant(b, zp, w.type, shape), compute);
  const std::vector<int64_t> all =
      load<int64_t>(Tensor(w.type, Shape{size_t(w.n), per_row}, zp.data(), zp.impl()));
  std::vector<int64_t> kept;
  for (size_t r = 0; r < size_t(w.n); ++r)
    kept.insert(kept.end(), all.begin() + int64_t(r * per_row),
                all.begin() + int64_t(r * per_row) + w.count);
  return convert(b.constant(make_tensor<int64_t>(w.type, shape, kept)), compute);
}

}  // namespace

Outputs ms_fused_mat_mul(Node& n) {
  Value a = n.in(0), w = n.in(1);
  if (n.integer("transBatchA", 0)) a = batch_moved(a);
  if (n.integer("transBatchB", 0)) w = batch_moved(w);
  // A transposed vector is the vector.
  const bool ta = n.integer("transA", 0) && !(a.has_rank() && a.rank() == 1),
             tb = n.integer("transB", 0) && !(w.has_rank() && w.rank() == 1);
  const Value y = matmul(a, w, ta, tb);
  const double alpha = n.real("alpha", 1);
  return alpha == 1 ? y : y * alpha;
}

Outputs ms_fused_gemm(Node& n) {
  const Value y = gemm(n)[0];
  const std::string activation = n.text("activation", "");
  if (activation.empty()) return y;
  if (activation == "LeakyRelu")
    return n.b.add("PRelu", 1, {y, n.b.numbers(y.type(), {n.real("activation_alpha", 0.01)})});
  if (activation == "Relu" || activation == "Tanh" || activation == "Sigmoid")
    return unary(activation.c_str(), y);
  fail(ErrorCode::NotSupported, "activation '{}' is not supported", activation);
}

// Weights of few bits in blocks along K, each with a scale: kept packed, decompressed by arithmetic
// that passes recognise.
Outputs ms_mat_mul_nbits(Node& n) {
  Blocks w{n.integer("K"), n.integer("N"), n.integer("bits", 4), n.integer("block_size"), 0,
           element::u4};
  if (w.bits != 2 && w.bits != 4 && w.bits != 8)
    fail(ErrorCode::NotSupported, "{} bits are not supported", w.bits);
  for (int64_t v : {w.k, w.n, w.size})
    if (v < 1 || v > (int64_t(1) << 31))
      fail(ErrorCode::InvalidModel, "K, N or block_size is {}, which is out of range", v);
  if (n.has(4) && !(n.in(4).dim(0) == Dimension(0)))
    fail(ErrorCode::NotSupported, "g_idx is not supported");
  w.count = (w.k + w.size - 1) / w.size;
  w.type = w.bits == 2 ? element::u2 : w.bits == 4 ? element::u4 : element::u8;
  const Tensor packed = n.in(1).fact().value, scales = n.in(2).fact().value;
  if (!packed || !scales)
    fail(ErrorCode::NotSupported, "weights that are not constant are not supported");
  const element::Type compute = scales.get_element_type();
  if (scales.get_size() != size_t(w.n) * size_t(w.count))
    fail(ErrorCode::InvalidModel, "{} scales, expected {}", scales.get_size(), w.n * w.count);
  const Shape blocks{size_t(w.n), size_t(w.count), size_t(w.size)};
  const Value q = convert(packed_constant(n.b, packed, w.type, blocks), compute);
  const Value scale = n.b.constant(scales.dense().reshaped(Shape{blocks[0], blocks[1], 1}));
  Value weights = reshape((q - block_zero_points(n, w, compute)) * scale, {w.n, w.count * w.size});
  if (w.count * w.size != w.k) weights = slice(weights, 1, 0, w.k);
  const Value y = matmul(n.in(0), convert_like(weights, n.in(0)), false, true);
  return n.has(5) ? y + n.in(5) : y;
}

// Determinants by elimination are no operator of IR; small ones are written out by cofactors.
namespace {

Value cofactors(const Value& x, const std::vector<int64_t>& rows,
                const std::vector<int64_t>& columns) {
  const auto at = [&](int64_t r, int64_t c) { return gather(gather(x, r, -2), c, -1); };
  if (rows.size() == 1) return at(rows[0], columns[0]);
  Value sum;
  for (size_t i = 0; i < columns.size(); ++i) {
    std::vector<int64_t> rest = columns;
    rest.erase(rest.begin() + int64_t(i));
    const Value term = at(rows[0], columns[i]) *
                       cofactors(x, std::vector<int64_t>(rows.begin() + 1, rows.end()), rest);
    sum = i == 0 ? term : i % 2 ? sum - term : sum + term;
  }
  return sum;
}

}  // namespace

Outputs det(Node& n) {
  const Dimension size = n.in(0).dim(-1);
  if (size.is_dynamic() || size.get_length() < 1 || size.get_length() > 4)
    fail(ErrorCode::NotSupported, "determinants of matrices of {} rows are not supported",
         size.to_string());
  const std::vector<int64_t> all = iota(0, size.get_length());
  return cofactors(n.in(0), all, all);
}

}  // namespace vireo::onnx
