// Convolutions as matrix products over columns gathered for a block of output points at a time.
#include "ops/conv/compute.h"

#include "ops/matmul/gemm.h"

namespace vireo::ops {
namespace {

constexpr size_t kBlock = 512;  // output points whose columns are held at once

// Calls f(row, column, source index) for each tap of `channels` channels and each point of [first,
// last) whose source lies inside.
template <typename F>
void for_taps(const ConvShape& s, const Extents3& grid, const Extents3& field, size_t channels,
              size_t first, size_t last, F&& f) {
  const size_t field_size = size_t(field[0] * field[1] * field[2]);
  size_t row = 0;
  for (size_t c = 0; c < channels; ++c)
    for (int64_t kd = 0; kd < s.axes[0].kernel; ++kd)
      for (int64_t kh = 0; kh < s.axes[1].kernel; ++kh)
        for (int64_t kw = 0; kw < s.axes[2].kernel; ++kw, ++row) {
          int64_t w = int64_t(first) % grid[2], h = int64_t(first) / grid[2] % grid[1],
                  d = int64_t(first) / grid[2] / grid[1];
          for (size_t p = first; p < last; ++p) {
            const int64_t z = d * s.axes[0].stride - s.axes[0].pad_begin + kd * s.axes[0].dilation;
            const int64_t y = h * s.axes[1].stride - s.axes[1].pad_begin + kh * s.axes[1].dilation;
            const int64_t x = w * s.axes[2].stride - s.axes[2].pad_begin + kw * s.axes[2].dilation;
            if (z >= 0 && z < field[0] && y >= 0 && y < field[1] && x >= 0 && x < field[2])
              f(row, p - first, c * field_size + size_t((z * field[1] + y) * field[2] + x));
            if (++w == grid[2]) {
              w = 0;
              if (++h == grid[1]) h = 0, ++d;
            }
          }
        }
}

}  // namespace

void set_spatial(ConvShape& shape, const std::vector<int64_t>& in, const std::vector<int64_t>& out,
                 const std::vector<WindowAxis>& axes) {
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t at = 3 - in.size() + i;
    shape.in[at] = in[i];
    shape.out[at] = out[i];
    shape.axes[at] = axes[i];
  }
}

template <typename T>
std::vector<T> convolve(const ConvShape& s, const std::vector<T>& src, const std::vector<T>& wei) {
  const size_t points = s.out_size(), rows = s.in_channels * s.kernel_size();
  std::vector<T> dst(s.batch * s.groups * s.out_channels * points),
      columns(rows * std::min(points, kBlock));
  for (size_t ng = 0; ng < s.batch * s.groups; ++ng) {
    const T* from = src.data() + ng * s.in_channels * s.in_size();
    const T* filter = wei.data() + ng % s.groups * s.out_channels * rows;
    T* to = dst.data() + ng * s.out_channels * points;
    for (size_t first = 0; first < points; first += kBlock) {
      const size_t count = std::min(kBlock, points - first);
      std::fill(columns.begin(), columns.end(), T(0));
      for_taps(
          s, s.out, s.in, s.in_channels, first, first + count,
          [&](size_t row, size_t column, size_t at) { columns[row * count + column] = from[at]; });
      gemm<T>(s.out_channels, count, rows, {filter, rows, 1}, {columns.data(), count, 1},
              to + first, points);
    }
  }
  return dst;
}

template <typename T>
std::vector<T> convolve_transposed(const ConvShape& s, const std::vector<T>& src,
                                   const std::vector<T>& wei) {
  const size_t points = s.in_size(), rows = s.out_channels * s.kernel_size();
  std::vector<T> dst(s.batch * s.groups * s.out_channels * s.out_size()),
      columns(rows * std::min(points, kBlock));
  for (size_t ng = 0; ng < s.batch * s.groups; ++ng) {
    const T* from = src.data() + ng * s.in_channels * points;
    const T* filter = wei.data() + ng % s.groups * s.in_channels * rows;
    T* to = dst.data() + ng * s.out_channels * s.out_size();
    for (size_t first = 0; first < points; first += kBlock) {
      const size_t count = std::min(kBlock, points - first);
      std::fill(columns.begin(), columns.end(), T(0));
      gemm<T>(rows, count, s.in_channels, {filter, 1, rows}, {from + first, points, 1},
              columns.data(), count);
      for_taps(
          s, s.in, s.out, s.out_channels, first, first + count,
          [&](size_t row, size_t column, size_t at) { to[at] += columns[row * count + column]; });
    }
  }
  return dst;
}

template std::vector<double> convolve(const ConvShape&, const std::vector<double>&,
                                      const std::vector<double>&);
template std::vector<int64_t> convolve(const ConvShape&, const std::vector<int64_t>&,
                                       const std::vector<int64_t>&);
template std::vector<uint64_t> convolve(const ConvShape&, const std::vector<uint64_t>&,
                                        const std::vector<uint64_t>&);
template std::vector<double> convolve_transposed(const ConvShape&, const std::vector<double>&,
                                                 const std::vector<double>&);
template std::vector<int64_t> convolve_transposed(const ConvShape&, const std::vector<int64_t>&,
                                                  const std::vector<int64_t>&);
template std::vector<uint64_t> convolve_transposed(const ConvShape&, const std::vector<uint64_t>&,
                                                   const std::vector<uint64_t>&);

}  // namespace vireo::ops
