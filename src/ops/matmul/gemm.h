// The matrix product of evaluate: C += A x B over a compute domain, blocked so that whole nets can
// be evaluated with it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo::ops {

// Element (i, j) of a matrix is data[i * row + j * col].
template <typename T>
struct MatrixView {
  const T* data;
  size_t row, col;
};

// c[i * ldc + j] += sum over k of a(i, k) b(k, j).
template <typename T>
void gemm(size_t m, size_t n, size_t k, MatrixView<T> a, MatrixView<T> b, T* c, size_t ldc);

extern template void gemm<double>(size_t, size_t, size_t, MatrixView<double>, MatrixView<double>,
                                  double*, size_t);
extern template void gemm<int64_t>(size_t, size_t, size_t, MatrixView<int64_t>, MatrixView<int64_t>,
                                   int64_t*, size_t);
extern template void gemm<uint64_t>(size_t, size_t, size_t, MatrixView<uint64_t>,
                                    MatrixView<uint64_t>, uint64_t*, size_t);

}  // namespace vireo::ops
