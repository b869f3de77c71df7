// What IR v10 means under today's API.
#pragma once

#include "core/graph.h"

namespace vireo::ir {

// Version 10 models speak of the types of an older API: inputs in f16 were given as f32, 64-bit integers as i32. Converts behind
// inputs and before results keep that, as OpenVINO does.
void keep_old_api_types(Graph& graph, const OpRegistry& ops);

}  // namespace vireo::ir
