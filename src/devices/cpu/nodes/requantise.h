// The epilogue of quantised products in the kernels' words: everything in quanta of the result,
// constants folded.
#pragma once

#include <string>
#include <vector>

#include "devices/cpu/kernels/epilogue.h"
#include "devices/cpu/node.h"
#include "ops/fused/quantised.h"

namespace vireo::cpu {

struct CodeFinish {
  Epilogue epilogue;
  // By packed columns: each group's output channels, rounded up to whole vectors.
  std::vector<float> scale, bias, shift, out_scale;
};

// What a quantised product has besides its geometry, of either operator.
struct CodeProduct {
  const ops::Requantise& q;
  const ops::Activation& activation;
  bool has_bias, has_residual;
};

// Why the kernels cannot do it; empty if they can. Scales and biases must be constant.
std::string refuse_codes(const NodeView& node, const CodeProduct& product);
// `channels` output channels in `groups` groups, vectors of `lanes`; sums are at most `largest_sum`
// in size.
CodeFinish finish_codes(const NodeView& node, const CodeProduct& product, int64_t channels,
                        int64_t groups, int64_t lanes, double largest_sum);

}  // namespace vireo::cpu
