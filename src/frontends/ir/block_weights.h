// Weights in blocks (vireo.BlockDequantise) as the operators of the public opsets.
#pragma once

#include <memory>

#include "core/graph.h"

namespace vireo::ir {

// A copy of the graph in which constants in blocks are codes of 4 or 8 bits with a scale and, where
// the format has minimums, a zero point per group:
//
//   Constant u4, u8 or i8 [rows, groups, group] - Convert - (Subtract) - Multiply - Reshape
//
// Null if the graph has none: nothing is to be done.
std::shared_ptr<Graph> with_public_weights(const Graph& graph);

}  // namespace vireo::ir
