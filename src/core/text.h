// The text form of a graph, written and read back. One node a line:
//   graph "name"
//   x: f32[1,3,?] = Parameter()
//   axes: i64[2] = Constant(value=[0,1])
//   y: f32[1,3,?] = Softmax-8(x, axis=1)
//   a, b = Split-1(y, axes, num_splits=2)
//   return y, a
#pragma once

#include <string>
#include <string_view>

#include "core/graph.h"

namespace vireo {

// Constants over `max_values` elements are written as "..." and then cannot be read back.
std::string to_text(const Graph& graph, size_t max_values = 64);
// Throws InvalidModel with the line number. Types and shapes after a name are checked against
// inference, except for parameters and constants, where they say what to make.
std::shared_ptr<Graph> graph_from_text(std::string_view text, const OpRegistry& ops);

}  // namespace vireo
