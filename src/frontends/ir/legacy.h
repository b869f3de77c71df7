// What IR v10 means under today's API.
#pragma once

#include "core/graph.h"

namespace vireo::ir {

// Version 10 models speak of the types of an older API: f16 inputs were given as f32, and outputs
// came as f32 or i32. Converts behind inputs and before results keep that, as OpenVINO does.
void keep_old_api_types(Graph& graph, const OpRegistry& ops);

}  // namespace vireo::ir
