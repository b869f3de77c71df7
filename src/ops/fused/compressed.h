// Weights that stay compressed: what the passes make of the arithmetic that decompresses them, so
// that a device may multiply or look up codes without ever holding the numbers.
//
// Numbers are (codes - zero) * scale, where scale and zero broadcast to the codes, reshaped to
// `shape`; or those of a block format, whose bytes are the codes then.
#pragma once

#include <optional>

#include "core/op.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

// Inputs in this order: codes, scale if has_scale, zero if has_zero.
struct CompressedWeights {
  std::vector<int64_t> shape;  // of the numbers; empty: that of the codes
  bool has_scale = false, has_zero = false;
  // where a device has let go of the codes; dynamic: theirs
  element::Type code_type = element::dynamic;
  std::string blocks;  // name of a block format (kBlockFormatNames); empty: codes

  size_t inputs() const { return 1 + size_t(has_scale) + size_t(has_zero); }
};

// f32 numbers. Constant folding leaves it alone: devices want its inputs.
struct Decompress : CompressedWeights {};
void visit(AttrVisitor& v, Decompress& a);

// Rows of [N, K] weights: the weights' inputs, then indices; dst [indices..., K], zeros where an
// index is out of range.
struct CompressedGather : CompressedWeights {};
void visit(AttrVisitor& v, CompressedGather& a);

// vireo.MatMul whose B are such weights. Inputs: A, the weights', bias, residual. A is never
// transposed.
struct CompressedMatMul : FusedMatMul {
  CompressedWeights weights;
};
void visit(AttrVisitor& v, CompressedMatMul& a);

// How [N, K] numbers lie in their codes, in elements: code (n, k) at n * row + k * column, the
// scale of (n, group of k) at n * scale_row + group * scale_group of the scale, likewise the zero.
struct WeightGeometry {
  int64_t n = 0, k = 0, groups = 1;  // groups along K, of k / groups each
  int64_t row = 0, column = 1;
  int64_t scale_row = 0, scale_group = 0, zero_row = 0, zero_group = 0;
};
// Of codes [N, K] or [N, G, g] ([K, N] or [G, g, N] if not rows_first) with one scale and zero per
// row and group, or fewer. Nothing if they are anything else. A null shape: there is none.
std::optional<WeightGeometry> weight_geometry(const Shape& codes, const Shape* scale,
                                              const Shape* zero, bool rows_first);

extern const OpDef decompress_0, compressed_gather_0, compressed_matmul_0;

}  // namespace vireo::ops
