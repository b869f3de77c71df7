// What a fused product does with its sums: bias along the last axis, residual, activation.
#pragma once

#include <vector>

#include "core/op.h"
#include "core/values.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

template <typename A>
element::Type product_type(InferContext& c, const A& a) {
  return a.output_type.is_dynamic() ? c.type(0) : a.output_type;
}

// Inputs from `next` on: bias if there is one, then residual. Fails on shapes that cannot be.
template <typename A>
void check_epilogue(InferContext& c, const A& a, size_t next, const PartialShape& out) {
  c.expect_inputs(next + a.has_bias + a.has_residual, next + a.has_bias + a.has_residual);
  if (a.has_bias) {
    const PartialShape& bias = c.shape(next++);
    const bool fits = !bias.rank_is_static() ||
                      (bias.size() == 1 && (bias[0] == Dimension(1) || !out.rank_is_static() ||
                                            bias[0].compatible(out[out.size() - 1])));
    if (!fits)
      c.fail("a bias of shape {} does not fit an output of {}", bias.to_string(), out.to_string());
  }
  if (a.has_residual && !c.shape(next).compatible(out))
    c.fail("a residual of shape {} does not fit an output of {}", c.shape(next).to_string(),
           out.to_string());
}

template <typename A>
void finish(EvalContext& c, const A& a, size_t next, std::vector<double>& sums, size_t channels) {
  if (a.has_bias) {
    const std::vector<double> bias = load<double>(c.input(next++));
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += bias[bias.size() == 1 ? 0 : i % channels];
  }
  if (a.has_residual) {
    const std::vector<double> residual = load<double>(c.input(next));
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += residual[i];
  }
  if (a.activation)
    for (double& v : sums) v = apply(a.activation, v);
  store(c.output(0), sums);
}

}  // namespace vireo::ops
