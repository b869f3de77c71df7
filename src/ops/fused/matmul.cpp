// vireo.MatMul: matrix product with bias, residual and activation.
#include "ops/fused/epilogue.h"
#include "ops/matmul/compute.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedMatMul& a) {
  v.on("transpose_a", a.transpose_a);
  v.on("transpose_b", a.transpose_b);
  v.on("has_bias", a.has_bias);
  v.on("has_residual", a.has_residual);
  visit_activation(v, a.activation);
  v.on("output_type", a.output_type);
}

namespace {

void infer(InferContext& c) {
  const FusedMatMul& a = c.attrs<FusedMatMul>();
  c.expect_inputs(2, 4);
  c.expect_rank(0, 2, 64);
  c.expect_rank(1, 2, 64);
  const PartialShape out = matmul_shape(c, c.shape(0), c.shape(1), {a.transpose_a, a.transpose_b});
  check_epilogue(c, a, 2, out);
  c.set_output(0, product_type(c, a), out);
}

void evaluate(EvalContext& c) {
  const FusedMatMul& a = c.attrs<FusedMatMul>();
  const size_t n = c.output(0).get_shape().back();
  std::vector<double> sums =
      multiply_matrices<double>(load<double>(c.input(0)), c.shape(0), load<double>(c.input(1)),
                                c.shape(1), {a.transpose_a, a.transpose_b});
  finish(c, a, 2, sums, n);
}

}  // namespace

VIREO_DEFINE_OP(fused_matmul_0){"vireo.MatMul", 0,        &kAttrType<FusedMatMul>,
                                infer,          evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
