// The operators that Vireo knows by itself.
#pragma once

#include "core/graph.h"

namespace vireo {

const OpRegistry& builtin_ops();

// A node of the public opsets by name, for frontends: newest form up to `opset`, attributes by
// name.
//   add_op(*graph, "Softmax", 8, {x}, {{"axis", 1}})
NodeId add_op(Graph& graph, std::string_view op, int opset, std::vector<OutputRef> inputs,
              const AttrList& attrs = {}, std::string name = {});

}  // namespace vireo
