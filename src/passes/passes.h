// What happens to a graph between import and lowering: folding, fusion into Vireo's own operators,
// channels-last layout.
#pragma once

#include <memory>

#include "core/graph.h"

namespace vireo {

struct NormaliseOptions {
  bool fuse = true;    // into vireo.Conv, vireo.MatMul, vireo.LayerNorm ...
  bool layout = true;  // channels last
  // A constant that would be made by folding may have at most this many elements.
  size_t max_folded_elements = size_t(1) << 28;
};

// A rewritten copy with the same inputs and outputs that shares the constants; bodies of control
// flow are rewritten too. The graph given stays as it is. VIREO_LOG=passes names every rule that
// fires.
std::shared_ptr<Graph> normalise(const Graph& imported, const NormaliseOptions& options = {});

}  // namespace vireo
