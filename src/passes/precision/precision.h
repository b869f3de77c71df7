// The precision stage: lets activations flow as a narrow float between the operators that multiply
// well in it.
#pragma once

#include <functional>

#include "core/graph.h"

namespace vireo {

struct PrecisionPolicy {
  element::Type type = element::bf16;
  // Whether this product (MatMul, convolution, attention: f32 so far) runs on narrow operands. The
  // device decides by what it gains.
  std::function<bool(const Graph&, NodeId)> worth;
};

// Rewrites a normalised graph in place:
//  - products that are worth it read narrow activations and make narrow ones; their sums, weights,
//    bias and scales stay f32 here, and the device packs the weights narrow;
//  - what moves, pools or normalises keeps the type of what it reads;
//  - element-wise operators compute in f32 between conversions, which the device joins with them,
//  so
//    that a chain rounds once at its end;
//  - behind the last product all is f32, and that product writes f32 itself: logits and scores are
//  not
//    rounded;
//  - everything else, and the results, read f32.
// A value is converted once for all its readers, save that each element-wise reader widens for
// itself. Bodies of control flow stay as they are.
void narrow_activations(Graph& graph, const PrecisionPolicy& policy);

}  // namespace vireo
