// Joins the loops of a copy: dimensions of extent 1 go, and neighbours that lie behind one another
// on both sides become one.
#pragma once

#include <cstdint>

namespace vireo::cpu {

// Plan has rank, dims, src_strides and dst_strides, in whatever unit.
template <typename Plan>
void erase_dim(Plan* p, int dim) {
  for (int d = dim; d + 1 < p->rank; ++d) {
    p->dims[d] = p->dims[d + 1];
    p->src_strides[d] = p->src_strides[d + 1];
    p->dst_strides[d] = p->dst_strides[d + 1];
  }
  --p->rank;
}

template <typename Plan>
void collapse(Plan* p) {
  for (int d = p->rank - 1; d >= 0; --d)
    if (p->dims[d] == 1) erase_dim(p, d);
  for (int d = p->rank - 2; d >= 0; --d) {
    const int64_t inner = p->dims[d + 1];
    if (p->src_strides[d] != p->src_strides[d + 1] * inner ||
        p->dst_strides[d] != p->dst_strides[d + 1] * inner)
      continue;
    p->dims[d + 1] *= p->dims[d];
    erase_dim(p, d);
  }
}

}  // namespace vireo::cpu
