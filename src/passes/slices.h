// Slices seen alike, whichever operator makes them.
#pragma once

#include <optional>

#include "core/graph.h"

namespace vireo::passes {

// Elements begin, begin + step, ... before end of one axis of known extent; all of the others.
struct AxisSlice {
  OutputRef of;
  int64_t axis = 0, begin = 0, end = 0, step = 1;
};

// What `ref` is, if it is an output of a Slice, StridedSlice, Split or VariadicSplit over one axis
// with constant bounds and a positive step that keeps the axis.
std::optional<AxisSlice> axis_slice(const Graph& g, OutputRef ref);

}  // namespace vireo::passes
