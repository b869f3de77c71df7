// Attributes of the matrix products, and the product that every evaluate uses.
#pragma once

#include "core/op.h"

namespace vireo::ops {

struct MatMul {
  bool transpose_a = false, transpose_b = false;
};
void visit(AttrVisitor& v, MatMul& a);

struct Einsum {
  std::string equation;
};
void visit(AttrVisitor& v, Einsum& a);

// The shape of a matrix product with NumPy's rules for rank 1 and for the leading axes.
PartialShape matmul_shape(const InferContext& c, PartialShape a, PartialShape b,
                          const MatMul& attrs);

extern const OpDef matmul_1, einsum_7;

}  // namespace vireo::ops
