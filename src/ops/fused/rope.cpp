// vireo.Rope: rotary position embedding.
#include "core/values.h"
#include "ops/arithmetic/broadcast.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedRope& a) { v.on("interleaved", a.interleaved); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_rank(0, 1, 64);
  PartialShape out = c.shape(0);
  for (size_t i = 1; i < 3; ++i) {
    if (!c.shape(i).rank_is_static() || !out.rank_is_static()) {
      out = PartialShape::dynamic();
    } else if (!PartialShape::broadcast_merge_into(out, c.shape(i))) {
      c.fail("factors of shape {} do not broadcast with {}", c.shape(i).to_string(),
             c.shape(0).to_string());
    }
  }
  if (c.shape(0).rank_is_static()) {
    const Dimension& depth = c.shape(0)[c.shape(0).size() - 1];
    if (depth.is_static() && depth.get_length() % 2 != 0)
      c.fail("the last axis of {} is odd", c.shape(0).to_string());
    if (out.rank_is_static() && !out[out.size() - 1].compatible(depth))
      c.fail("factors of {} are wider than {}", c.shape(1).to_string(), c.shape(0).to_string());
  }
  c.set_output(0, c.type(0), out);
}

// (x[i], x[partner]) turned by a right angle.
std::vector<double> quarter_turn(const std::vector<double>& x, size_t depth, bool interleaved) {
  std::vector<double> r(x.size());
  const size_t half = depth / 2;
  for (size_t row = 0; row + depth <= x.size() && depth > 0; row += depth)
    for (size_t i = 0; i < half; ++i) {
      const size_t a = row + (interleaved ? 2 * i : i), b = interleaved ? a + 1 : a + half;
      r[a] = -x[b];
      r[b] = x[a];
    }
  return r;
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &shape = out.get_shape(), &given = c.shape(0);
  const std::vector<double> x = load<double>(c.input(0));
  const std::vector<double> turned =
      quarter_turn(x, given.back(), c.attrs<FusedRope>().interleaved);
  const auto times = [](double a, double b) { return a * b; };
  const auto product = [&](const std::vector<double>& v, size_t factor) {
    return broadcast_map<double>(shape, given, v, c.shape(factor), load<double>(c.input(factor)),
                                 {}, times);
  };
  std::vector<double> sum = product(x, 1);
  const std::vector<double> across = product(turned, 2);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += across[i];
  store(out, sum);
}

}  // namespace

VIREO_DEFINE_OP(fused_rope_0){"vireo.Rope", 0,        &kAttrType<FusedRope>,
                              infer,        evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
