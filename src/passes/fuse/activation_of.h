// A public activation operator in the words of fused operators.
#pragma once

#include <optional>

#include "core/graph.h"
#include "ops/fused/fused.h"

namespace vireo::passes {

// Nothing unless the node is an activation of its input 0 that fused operators know.
std::optional<ops::Activation> activation_of(const Graph& g, const GraphNode& n);

}  // namespace vireo::passes
