// The batched matrix product of evaluate, with MatMul's rules.
#pragma once

#include <vector>

#include "ops/arithmetic/broadcast.h"
#include "ops/matmul/gemm.h"
#include "ops/matmul/matmul.h"

namespace vireo::ops {

template <typename T>
std::vector<T> multiply_matrices(const std::vector<T>& a, Shape sa, const std::vector<T>& b,
                                 Shape sb, MatMul attrs) {
  if (sa.size() == 1) sa.insert(sa.begin(), 1), attrs.transpose_a = false;
  if (sb.size() == 1) sb.push_back(1), attrs.transpose_b = false;
  const size_t row_a = sa[sa.size() - 1], row_b = sb[sb.size() - 1];
  const size_t m = attrs.transpose_a ? row_a : sa[sa.size() - 2],
               k = attrs.transpose_a ? sa[sa.size() - 2] : row_a;
  const size_t n = attrs.transpose_b ? sb[sb.size() - 2] : row_b;
  Shape batch_a(sa.begin(), sa.end() - 2), batch_b(sb.begin(), sb.end() - 2);
  const size_t rank = std::max(batch_a.size(), batch_b.size());
  batch_a = aligned_shape(batch_a, rank, {});
  batch_b = aligned_shape(batch_b, rank, {});
  Shape batch(rank);
  for (size_t i = 0; i < rank; ++i) batch[i] = batch_a[i] == 1 ? batch_b[i] : batch_a[i];
  std::vector<T> out(shape_size(batch) * m * n);
  const auto view = [](const T* data, size_t row, bool transposed) {
    return transposed ? MatrixView<T>{data, 1, row} : MatrixView<T>{data, row, 1};
  };
  BroadcastLoop<2>(batch, {batch_a, batch_b})
      .run([&](size_t to, size_t count, const auto& from, const auto& step) {
        for (size_t i = 0; i < count; ++i)
          gemm<T>(m, n, k,
                  view(a.data() + (from[0] + i * step[0]) * m * k, row_a, attrs.transpose_a),
                  view(b.data() + (from[1] + i * step[1]) * k * n, row_b, attrs.transpose_b),
                  out.data() + (to + i) * m * n, n);
      });
  return out;
}

}  // namespace vireo::ops
