// vireo.Decompress, vireo.CompressedGather and vireo.CompressedMatMul.
#include "ops/fused/compressed.h"

#include <algorithm>
#include <array>

#include "core/values.h"
#include "ops/arithmetic/broadcast.h"
#include "ops/fused/block_format.h"
#include "ops/fused/epilogue.h"
#include "ops/matmul/compute.h"

namespace vireo::ops {

namespace {

void visit_weights(AttrVisitor& v, CompressedWeights& w) {
  v.on("shape", w.shape);
  v.on("has_scale", w.has_scale);
  v.on("has_zero", w.has_zero);
  v.on("code_type", w.code_type);
  v.on("blocks", w.blocks);
}

std::optional<BlockFormat> block_format(const std::string& name) {
  for (size_t i = 0; i < kBlockFormats; ++i)
    if (name == kBlockFormatNames[i]) return static_cast<BlockFormat>(i);
  return std::nullopt;
}

// The shape of the numbers, with the weights' inputs from `first` on checked.
PartialShape check_weights(InferContext& c, const CompressedWeights& w, size_t first) {
  PartialShape out = c.shape(first);
  if (!w.blocks.empty()) {
    const auto format = block_format(w.blocks);
    if (!format) c.fail("block format '{}' is unknown", w.blocks);
    if (c.type(first) != element::u8)
      c.fail("blocks are bytes of type u8, got {}", c.type(first).name());
    const BlockLayout& layout = layout_of(*format);
    if (!out.is_static() || out.size() == 0 ||
        out[out.size() - 1].get_length() % int64_t(layout.bytes) != 0)
      c.fail("bytes of shape {} are no rows of blocks of {} bytes", out.to_string(), layout.bytes);
    const int64_t blocks = out[out.size() - 1].get_length() / int64_t(layout.bytes);
    out[out.size() - 1] = blocks * int64_t(layout.elements);
  }
  for (size_t i = first + 1; i < first + w.inputs(); ++i) {
    PartialShape merged = c.shape(first);
    if (!PartialShape::broadcast_merge_into(merged, c.shape(i)) ||
        !merged.compatible(c.shape(first)))
      c.fail("a scale or zero of shape {} does not broadcast to codes of shape {}",
             c.shape(i).to_string(), c.shape(first).to_string());
  }
  if (w.shape.empty()) return out;
  const PartialShape shape(std::vector<Dimension>(w.shape.begin(), w.shape.end()));
  if (out.is_static() && shape_size(out.to_shape()) != shape_size(shape.to_shape()))
    c.fail("codes of shape {} are not numbers of shape {}", out.to_string(), shape.to_string());
  return shape;
}

std::vector<double> block_numbers(const BlockLayout& layout, const Tensor& bytes) {
  const auto* from = static_cast<const uint8_t*>(bytes.data());
  std::vector<double> numbers;
  Block block{};
  for (size_t b = 0; b < bytes.get_size() / layout.bytes; ++b) {
    layout.unpack(from + b * layout.bytes, block);
    for (size_t i = 0; i < layout.elements; ++i)
      numbers.push_back(block.scales[i / layout.group] * block.codes[i] -
                        block.minimums[i / layout.group]);
  }
  return numbers;
}

// The numbers, in row-major order.
std::vector<double> decompress(EvalContext& c, const CompressedWeights& w, size_t first) {
  if (!w.blocks.empty()) return block_numbers(layout_of(*block_format(w.blocks)), c.input(first));
  const Shape& shape = c.shape(first);
  std::vector<double> numbers = load<double>(c.input(first));
  std::array<std::vector<double>, 2> by;  // zero, scale
  std::array<Shape, 2> aligned;
  by[0] = w.has_zero ? load<double>(c.input(first + 1 + w.has_scale)) : std::vector<double>{0};
  by[1] = w.has_scale ? load<double>(c.input(first + 1)) : std::vector<double>{1};
  aligned[0] =
      aligned_shape(w.has_zero ? c.shape(first + 1 + w.has_scale) : Shape{}, shape.size(), {});
  aligned[1] = aligned_shape(w.has_scale ? c.shape(first + 1) : Shape{}, shape.size(), {});
  BroadcastLoop<2>(shape, aligned)
      .run([&](size_t at, size_t count, const auto& from, const auto& step) {
        for (size_t i = 0; i < count; ++i)
          numbers[at + i] =
              (numbers[at + i] - by[0][from[0] + i * step[0]]) * by[1][from[1] + i * step[1]];
      });
  return numbers;
}

Shape numbers_shape(EvalContext& c, const CompressedWeights& w, size_t first) {
  if (!w.shape.empty()) return Shape(w.shape.begin(), w.shape.end());
  Shape shape = c.shape(first);
  if (!w.blocks.empty()) {
    const BlockLayout& layout = layout_of(*block_format(w.blocks));
    shape.back() = shape.back() / layout.bytes * layout.elements;
  }
  return shape;
}

void infer_decompress(InferContext& c) {
  const auto& a = c.attrs<Decompress>();
  c.expect_inputs(a.inputs(), a.inputs());
  c.set_output(0, element::f32, check_weights(c, a, 0));
}

void evaluate_decompress(EvalContext& c) {
  store(c.output(0), decompress(c, c.attrs<Decompress>(), 0));
}

void infer_gather(InferContext& c) {
  const auto& a = c.attrs<CompressedGather>();
  c.expect_inputs(a.inputs() + 1, a.inputs() + 1);
  c.expect_integral(a.inputs());
  const PartialShape weights = check_weights(c, a, 0);
  if (!weights.rank_is_static() || weights.size() != 2)
    c.fail("weights are [N, K], got {}", weights.to_string());
  PartialShape out = c.shape(a.inputs());
  if (out.rank_is_static()) out.push_back(weights[1]);
  c.set_output(0, element::f32, out);
}

void evaluate_gather(EvalContext& c) {
  const auto& a = c.attrs<CompressedGather>();
  const std::vector<double> numbers = decompress(c, a, 0);
  const Shape shape = numbers_shape(c, a, 0);
  const int64_t rows = int64_t(shape[0]);
  std::vector<double> out;
  for (int64_t i : load<int64_t>(c.input(a.inputs()))) {
    if (i < 0) i += rows;
    const bool there = i >= 0 && i < rows;
    for (size_t k = 0; k < shape[1]; ++k)
      out.push_back(there ? numbers[size_t(i) * shape[1] + k] : 0);
  }
  store(c.output(0), out);
}

void infer_matmul(InferContext& c) {
  const auto& a = c.attrs<CompressedMatMul>();
  const size_t inputs = 1 + a.weights.inputs();
  c.expect_inputs(inputs, inputs + 2);
  c.expect_rank(0, 2, 64);
  if (a.transpose_a) c.fail("A is never transposed");
  const PartialShape weights = check_weights(c, a.weights, 1);
  if (!weights.rank_is_static() || weights.size() != 2)
    c.fail("weights have two axes, got {}", weights.to_string());
  const PartialShape out = matmul_shape(c, c.shape(0), weights, {false, a.transpose_b});
  check_epilogue(c, a, inputs, out);
  c.set_output(0, product_type(c, a), out);
}

void evaluate_matmul(EvalContext& c) {
  const auto& a = c.attrs<CompressedMatMul>();
  const size_t n = c.output(0).get_shape().back();
  std::vector<double> sums =
      multiply_matrices<double>(load<double>(c.input(0)), c.shape(0), decompress(c, a.weights, 1),
                                numbers_shape(c, a.weights, 1), {false, a.transpose_b});
  finish(c, a, 1 + a.weights.inputs(), sums, n);
}

// Strides of something of one element per row and group; false if it varies along a group.
bool set_strides(const Shape* shape, size_t rank, size_t row_axis, size_t group_axis,
                 size_t inner_axis, int64_t* row, int64_t* group) {
  *row = *group = 0;
  if (!shape) return true;
  if (shape->size() > rank) return false;
  Shape s(rank - shape->size(), 1);
  s.insert(s.end(), shape->begin(), shape->end());
  if (s[inner_axis] != 1) return false;
  int64_t stride = 1;
  for (size_t axis = rank; axis-- > 0;) {
    if (s[axis] != 1 && axis == row_axis) *row = stride;
    if (s[axis] != 1 && axis == group_axis) *group = stride;
    stride *= int64_t(s[axis]);
  }
  return true;
}

}  // namespace

void visit(AttrVisitor& v, Decompress& a) { visit_weights(v, a); }
void visit(AttrVisitor& v, CompressedGather& a) { visit_weights(v, a); }
void visit(AttrVisitor& v, CompressedMatMul& a) {
  visit(v, static_cast<FusedMatMul&>(a));
  visit_weights(v, a.weights);
}

std::optional<WeightGeometry> weight_geometry(const Shape& codes, const Shape* scale,
                                              const Shape* zero, bool rows_first) {
  const size_t rank = codes.size();
  if (rank != 2 && rank != 3) return std::nullopt;
  const size_t row_axis = rows_first ? 0 : rank - 1, k_axis = rows_first ? 1 : 0;
  // Two axes: all of K is one group.
  const size_t group_axis = rank == 3 ? k_axis : rank, inner_axis = rank == 3 ? k_axis + 1 : k_axis;
  WeightGeometry g;
  g.n = int64_t(codes[row_axis]);
  g.groups = rank == 3 ? int64_t(codes[group_axis]) : 1;
  g.k = g.groups * int64_t(codes[inner_axis]);
  g.row = rows_first ? g.k : 1;
  g.column = rows_first ? 1 : g.n;
  if (!set_strides(scale, rank, row_axis, group_axis, inner_axis, &g.scale_row, &g.scale_group) ||
      !set_strides(zero, rank, row_axis, group_axis, inner_axis, &g.zero_row, &g.zero_group))
    return std::nullopt;
  return g;
}

VIREO_DEFINE_OP(decompress_0){
    "vireo.Decompress",  0,          &kAttrType<Decompress>, infer_decompress, evaluate_decompress,
    Tolerance::Rounding, kCompressed};
VIREO_DEFINE_OP(compressed_gather_0){
    "vireo.CompressedGather", 0, &kAttrType<CompressedGather>, infer_gather, evaluate_gather,
    Tolerance::Rounding};
VIREO_DEFINE_OP(compressed_matmul_0){
    "vireo.CompressedMatMul", 0, &kAttrType<CompressedMatMul>, infer_matmul, evaluate_matmul,
    Tolerance::Accumulate};

}  // namespace vireo::ops
