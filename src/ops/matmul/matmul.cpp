// MatMul: batched matrix product with NumPy's rules.
#include "ops/matmul/matmul.h"

#include "core/values.h"
#include "ops/arithmetic/broadcast.h"
#include "ops/matmul/compute.h"

namespace vireo::ops {

void visit(AttrVisitor& v, MatMul& a) {
  v.on("transpose_a", a.transpose_a);
  v.on("transpose_b", a.transpose_b);
}

PartialShape matmul_shape(const InferContext& c, PartialShape a, PartialShape b,
                          const MatMul& attrs) {
  if (!a.rank_is_static() || !b.rank_is_static()) return PartialShape::dynamic();
  if (a.size() == 0 || b.size() == 0)
    c.fail("scalars cannot be multiplied as matrices, got shapes {} and {}", a.to_string(),
           b.to_string());
  const bool vector_a = a.size() == 1, vector_b = b.size() == 1;
  if (vector_a) a.insert(0, 1);
  if (vector_b) b.push_back(1);
  // A vector has nothing to transpose.
  if (attrs.transpose_a && !vector_a) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (attrs.transpose_b && !vector_b) std::swap(b[b.size() - 1], b[b.size() - 2]);
  const Dimension m = a[a.size() - 2], ka = a[a.size() - 1], kb = b[b.size() - 2],
                  n = b[b.size() - 1];
  if (!ka.compatible(kb))
    c.fail("inner extents {} and {} differ for shapes {} and {}", ka.to_string(), kb.to_string(),
           c.shape(0).to_string(), c.shape(1).to_string());
  PartialShape out(std::vector<Dimension>(a.begin(), a.end() - 2)),
      other(std::vector<Dimension>(b.begin(), b.end() - 2));
  if (!PartialShape::broadcast_merge_into(out, other))
    c.fail("leading axes of {} and {} do not broadcast", a.to_string(), b.to_string());
  if (!vector_a) out.push_back(m);
  if (!vector_b) out.push_back(n);
  return out;
}

namespace {

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.set_output(0, c.common_type(0, 2), matmul_shape(c, c.shape(0), c.shape(1), c.attrs<MatMul>()));
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    store(out, multiply_matrices<T>(load<T>(c.input(0)), c.shape(0), load<T>(c.input(1)),
                                    c.shape(1), c.attrs<MatMul>()));
  });
}

}  // namespace

VIREO_DEFINE_OP(matmul_1){"MatMul", 1, &kAttrType<MatMul>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
