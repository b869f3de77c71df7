// Fourier transforms and window functions.
#include <cmath>

#include "core/values.h"
#include "frontends/onnx/convert/node.h"
#include "frontends/onnx/reader/tensor.h"

namespace vireo::onnx {
namespace {

constexpr double kPi = 3.14159265358979323846;

// x [..., 1 or 2] transformed along `axis`, counted from the front; axis and length are tensors
// [1], the length may be missing.
Value dft(const Value& x, const Value& axis, const Value& length, bool inverse, bool onesided) {
  Builder& b = *x.builder;
  const bool real = x.dim(-1) == Dimension(1);
  const auto add = [&](const char* op, int opset, const Value& v) {
    Values in{v, axis};
    if (length) in.push_back(length);
    return b.add(op, opset, in);
  };
  if (inverse && onesided) return unsqueeze(add("IRDFT", 9, x), {x.rank() - 1});
  if (real && onesided) return add("RDFT", 9, squeeze(x, {x.rank() - 1}));
  const Value complex = real ? concat({x, x * 0.0}, x.rank() - 1) : x;
  const Value y = add(inverse ? "IDFT" : "DFT", 7, complex);
  if (!onesided) return y;
  const Value extent = length ? length : gather(shape_of(x), axis, 0);
  const Value half = b.add("Divide", 1, {extent, b.ints({2})}, {{"m_pythondiv", true}});
  return b.add("Slice", 8, {y, b.ints({0}), half + b.ints({1}), b.ints({1}), axis});
}

// a0 - a1 cos(2 pi i / N) + a2 cos(4 pi i / N)
Value window(Node& n, double a0, double a1, double a2) {
  const element::Type type =
      element_type(n.integer("output_datatype", 1), "attribute 'output_datatype'");
  const Value size = as_scalar(n.in(0));
  const element::Type inner = type == element::f64 ? element::f64 : element::f32;
  const Value count = convert(size, inner);
  const Value period = n.integer("periodic", 1) ? count : count - 1.0;
  const Value at = convert(
      range(n.b.number(size.type(), 0), size, n.b.number(size.type(), 1), element::i64), inner);
  const Value angle = at * (2 * kPi) / period;
  Value w = unary("Cos", angle) * -a1 + a0;
  if (a2 != 0) w = w + unary("Cos", angle * 2.0) * a2;
  return convert(w, type);
}

}  // namespace

Outputs dft_17(Node& n) {
  const Value x = n.in(0);
  const Value length =
      n.has(1) ? reshape(convert(n.in(1), element::i64), std::vector<int64_t>{1}) : Value();
  return dft(x, n.b.ints({normal_axis(n.integer("axis", 1), x.rank())}), length,
             n.integer("inverse", 0) != 0, n.integer("onesided", 0) != 0);
}

Outputs dft_20(Node& n) {
  const Value x = n.in(0);
  const Value length =
      n.has(1) ? reshape(convert(n.in(1), element::i64), std::vector<int64_t>{1}) : Value();
  const Value given =
      n.has(2) ? reshape(convert(n.in(2), element::i64), std::vector<int64_t>{1}) : n.b.ints({-2});
  const Value axis =
      select(binary("Less", given, n.b.integer(0)), given + n.b.integer(x.rank()), given);
  return dft(x, axis, length, n.integer("inverse", 0) != 0, n.integer("onesided", 0) != 0);
}

// Frames are gathered, weighted and transformed: [B, frames, bins, 2].
Outputs stft(Node& n) {
  Value x = n.in(0);
  if (x.rank() == 2) x = unsqueeze(x, {2});
  Value window = n.in_or(2, {});
  const Value length = n.has(3)   ? reshape(convert(n.in(3), element::i64), std::vector<int64_t>{1})
                       : n.has(2) ? dim_of(window, 0)
                                  : dim_of(x, 1);
  const Value step = reshape(convert(n.in(1), element::i64), std::vector<int64_t>{1});
  const Value frames =
      n.b.add("Divide", 1, {dim_of(x, 1) - length, step}, {{"m_pythondiv", true}}) + n.b.ints({1});
  const Value zero = n.b.integer(0), one = n.b.integer(1);
  const Value starts = range(zero, as_scalar(frames), one, element::i64) * step;
  const Value offsets = range(zero, as_scalar(length), one, element::i64);
  Value cut = gather(x, unsqueeze(starts, {1}) + unsqueeze(offsets, {0}),
                     1);  // [B, frames, length, 1 or 2]
  if (window) cut = cut * unsqueeze(convert_like(window, x), {1});
  return dft(cut, n.b.ints({2}), Value(), false, n.integer("onesided", 1) != 0);
}

Outputs hann_window(Node& n) { return window(n, 0.5, 0.5, 0); }
Outputs hamming_window(Node& n) { return window(n, 25.0 / 46.0, 21.0 / 46.0, 0); }
Outputs blackman_window(Node& n) { return window(n, 0.42, 0.5, 0.08); }

// Triangles on the mel scale; all inputs are numbers known when the model is made.
Outputs mel_weight_matrix(Node& n) {
  const int64_t bins = n.in(0).need_int("num_mel_bins"), length = n.in(1).need_int("dft_length"),
                rate = n.in(2).need_int("sample_rate");
  const auto low = n.in(3).scalar(), high = n.in(4).scalar();
  if (!low || !high) fail(ErrorCode::NotSupported, "edges that are not constant are not supported");
  if (bins < 1 || bins > 100000 || length < 1 || length > 1000000 || rate < 1)
    fail(ErrorCode::InvalidModel, "{} mel bins, dft_length {}, sample_rate {} are out of range",
         bins, length, rate);
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double step = (mel(*high) - mel(*low)) / double(bins + 2);
  std::vector<int64_t> edge;
  for (int64_t i = 0; i < bins + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (double(i) * step + mel(*low)) / 2595) - 1);
    edge.push_back(int64_t(std::floor(double(length + 1) * hertz / double(rate))));
  }
  const int64_t rows = length / 2 + 1;
  if (rows * bins > (int64_t(1) << 27))
    fail(ErrorCode::OutOfMemory, "a matrix of {} x {} is too large", rows, bins);
  std::vector<double> m(size_t(rows * bins), 0);
  const auto put = [&](int64_t row, int64_t column, double v) {
    if (row >= 0 && row < rows) m[size_t(row * bins + column)] = v;
  };
  for (int64_t i = 0; i < bins; ++i) {
    const int64_t left = edge[size_t(i)], centre = edge[size_t(i + 1)], right = edge[size_t(i + 2)];
    if (left == centre)
      put(centre, i, 1);
    else
      for (int64_t j = left; j <= centre; ++j) put(j, i, double(j - left) / double(centre - left));
    for (int64_t j = centre; j < right; ++j) put(j, i, double(right - j) / double(right - centre));
  }
  const element::Type type =
      element_type(n.integer("output_datatype", 1), "attribute 'output_datatype'");
  return n.b.constant(make_tensor<double>(type, Shape{size_t(rows), size_t(bins)}, m));
}

}  // namespace vireo::onnx
