// GroupedMatMul: every group of rows times the transposed matrix of its own, as experts of a
// mixture are computed. A [tokens, K], B [groups, N, K] and offsets [groups], where the rows of
// each group end; or A [groups, M, K] and B alone.
#include "core/op.h"
#include "core/values.h"
#include "ops/matmul/gemm.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  c.expect_inputs(2, 3);
  c.expect_rank(0, 2, 3);
  c.expect_rank(1, 3, 3);
  const element::Type type = c.common_type(0, 2);
  PartialShape out = c.shape(0), b = c.shape(1);
  const bool by_offsets = c.inputs() == 3;
  if (by_offsets) {
    c.expect_integral(2);
    c.expect_rank(2, 1, 1);
  }
  if (out.rank_is_static() && by_offsets != (out.size() == 2))
    c.fail("data of shape {} {} offsets", out.to_string(), by_offsets ? "takes no" : "needs");
  if (!b.rank_is_static()) b = PartialShape::dynamic(3);
  const PartialShape& groups = by_offsets ? c.shape(2) : out;
  if (groups.rank_is_static() && !b[0].compatible(groups[0]))
    c.fail("{} matrices do not fit {} groups", b[0].to_string(), groups[0].to_string());
  if (!out.rank_is_static()) out = PartialShape::dynamic(by_offsets ? 2 : 3);
  Dimension& last = out[out.size() - 1];
  if (!last.compatible(b[2]))
    c.fail("inner extents {} and {} differ", last.to_string(), b[2].to_string());
  last = b[1];
  c.set_output(0, type, out);
}

// Where the rows of each group end.
std::vector<int64_t> ends_of(EvalContext& c, size_t groups, size_t rows) {
  if (c.inputs() == 3) {
    std::vector<int64_t> ends = load<int64_t>(c.input(2));
    int64_t before = 0;
    for (int64_t end : ends) {
      if (end < before || end > int64_t(rows))
        c.fail("offset {} is out of range after {} for {} rows", end, before, rows);
      before = end;
    }
    return ends;
  }
  std::vector<int64_t> ends(groups);
  for (size_t g = 0; g < groups; ++g) ends[g] = int64_t((g + 1) * (rows / groups));
  return ends;
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &shape = c.shape(0), &b_shape = c.shape(1);
  const size_t k = shape.back(), n = b_shape[1];
  const size_t rows = shape.size() == 2 ? shape[0] : shape[0] * shape[1];
  const std::vector<int64_t> ends = ends_of(c, b_shape[0], rows);
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> a = load<T>(c.input(0)), b = load<T>(c.input(1));
    std::vector<T> sums(rows * n);  // rows behind the last group stay zero
    size_t row = 0;
    for (size_t g = 0; g < ends.size(); ++g) {
      const size_t end = size_t(ends[g]);
      gemm<T>(end - row, n, k, {a.data() + row * k, k, 1}, {b.data() + g * n * k, 1, k},
              sums.data() + row * n, n);
      row = end;
    }
    store(out, sums);
  });
}

}  // namespace

VIREO_DEFINE_OP(grouped_mat_mul_17){"GroupedMatMul", 17,       &kAttrType<NoAttrs>,
                                    infer,           evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
