// What rules ask of vireo.Quantise and vireo.Dequantise nodes.
#pragma once

#include <optional>
#include <vector>

#include "ops/fused/quantised.h"
#include "passes/match.h"

namespace vireo::passes {

// Numbers of a constant that broadcasts along one axis at most.
struct PerAxis {
  std::vector<double> values;
  size_t from_back = 0;  // the axis, counted from the last; of no meaning for one value

  bool single() const { return values.size() == 1; }
  bool operator==(const PerAxis& o) const {
    return values == o.values && (single() || from_back == o.from_back);
  }
};
std::optional<PerAxis> per_axis(const Tensor& t);

// The value (codes - zero) * scale, or the codes of clamp(round(value / scale + zero)).
struct Grid {
  OutputRef source;  // the codes, or the value
  PerAxis scale;
  double zero = 0;
  bool per_tensor() const { return scale.single(); }
};
// The input and the numbers of the vireo.Dequantise that made `ref`; nothing if it is none, or has
// several zeros.
std::optional<Grid> dequantised(const Graph& g, OutputRef ref);
// The same of the vireo.Quantise node `n`.
std::optional<Grid> quantised(const Graph& g, const GraphNode& n);
inline bool is_dequantise(const Graph& g, OutputRef ref) {
  return g[ref.node].op == &ops::dequantise_0;
}

OutputRef f32_constant(Patch& patch, const Shape& shape, const std::vector<double>& values);
OutputRef dequantise(Patch& patch, OutputRef codes, double scale, double zero);

}  // namespace vireo::passes
