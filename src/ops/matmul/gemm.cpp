// The matrix product of evaluate: panels of A and B are packed, a tile of 4 x 4 stays in registers.
#include "ops/matmul/gemm.h"

#include <algorithm>
#include <type_traits>
#include <vector>

namespace vireo::ops {
namespace {

constexpr size_t kRows = 4, kCols = 4, kDepth = 256, kPanelRows = 64, kPanelCols = 256;

// Signed overflow is undefined, wrapping is wanted: integers multiply as unsigned.
template <typename T>
using Working = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;

// Groups of `width` along the outer index, depth-major inside a group, zeros behind the end.
template <typename T, typename W>
void pack(const T* data, size_t outer_step, size_t inner_step, size_t outer, size_t depth,
          size_t width, W* to) {
  for (size_t o = 0; o < outer; o += width)
    for (size_t d = 0; d < depth; ++d)
      for (size_t i = 0; i < width; ++i)
        *to++ = o + i < outer ? W(data[(o + i) * outer_step + d * inner_step]) : W(0);
}

template <typename W, typename T>
void tile(const W* a, const W* b, size_t depth, T* c, size_t ldc, size_t rows, size_t cols) {
  typedef W Pair __attribute__((vector_size(16)));
  Pair sum[kRows][kCols / 2] = {};
  for (size_t d = 0; d < depth; ++d, a += kRows, b += kCols) {
    const Pair b0{b[0], b[1]}, b1{b[2], b[3]};
    for (size_t i = 0; i < kRows; ++i) {
      const Pair value{a[i], a[i]};
      sum[i][0] += value * b0;
      sum[i][1] += value * b1;
    }
  }
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < cols; ++j) c[i * ldc + j] = T(W(c[i * ldc + j]) + sum[i][j / 2][j % 2]);
}

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

template <typename T>
void gemm(size_t m, size_t n, size_t k, MatrixView<T> a, MatrixView<T> b, T* c, size_t ldc) {
  using W = Working<T>;
  if (m == 0 || n == 0 || k == 0) return;
  const size_t depth_cap = std::min(k, kDepth);
  std::vector<W> left(round_up(std::min(m, kPanelRows), kRows) * depth_cap);
  std::vector<W> right(round_up(std::min(n, kPanelCols), kCols) * depth_cap);
  for (size_t k0 = 0; k0 < k; k0 += kDepth) {
    const size_t depth = std::min(kDepth, k - k0);
    for (size_t n0 = 0; n0 < n; n0 += kPanelCols) {
      const size_t cols = std::min(kPanelCols, n - n0);
      pack(b.data + k0 * b.row + n0 * b.col, b.col, b.row, cols, depth, kCols, right.data());
      for (size_t m0 = 0; m0 < m; m0 += kPanelRows) {
        const size_t rows = std::min(kPanelRows, m - m0);
        pack(a.data + m0 * a.row + k0 * a.col, a.row, a.col, rows, depth, kRows, left.data());
        for (size_t i = 0; i < rows; i += kRows)
          for (size_t j = 0; j < cols; j += kCols)
            tile(&left[i * depth], &right[j * depth], depth, c + (m0 + i) * ldc + n0 + j, ldc,
                 std::min(kRows, rows - i), std::min(kCols, cols - j));
      }
    }
  }
}

template void gemm<double>(size_t, size_t, size_t, MatrixView<double>, MatrixView<double>, double*,
                           size_t);
template void gemm<int64_t>(size_t, size_t, size_t, MatrixView<int64_t>, MatrixView<int64_t>,
                            int64_t*, size_t);
template void gemm<uint64_t>(size_t, size_t, size_t, MatrixView<uint64_t>, MatrixView<uint64_t>,
                             uint64_t*, size_t);

}  // namespace vireo::ops
