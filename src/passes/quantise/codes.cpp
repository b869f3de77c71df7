// Reading and making vireo.Quantise and vireo.Dequantise.
#include "passes/quantise/codes.h"

#include <algorithm>

#include "core/values.h"

namespace vireo::passes {

namespace {

std::optional<Grid> grid(const Graph& g, const GraphNode& n) {
  const auto scale = per_axis(value_of(g, n.inputs[1])), zero = per_axis(value_of(g, n.inputs[2]));
  if (!scale || !zero) return std::nullopt;
  const double first = zero->values[0];
  const auto same = [&](double z) { return z == first; };
  if (!std::all_of(zero->values.begin(), zero->values.end(), same)) return std::nullopt;
  return Grid{n.inputs[0], *scale, first};
}

}  // namespace

std::optional<PerAxis> per_axis(const Tensor& t) {
  if (!t || t.get_size() == 0) return std::nullopt;
  PerAxis out{load<double>(t), 0};
  const Shape& shape = t.get_shape();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    if (shape[i] != t.get_size()) return std::nullopt;
    out.from_back = shape.size() - 1 - i;
  }
  return out;
}

std::optional<Grid> dequantised(const Graph& g, OutputRef ref) {
  const GraphNode& n = g[ref.node];
  return n.op == &ops::dequantise_0 ? grid(g, n) : std::nullopt;
}

std::optional<Grid> quantised(const Graph& g, const GraphNode& n) {
  return n.op == &ops::quantise_0 ? grid(g, n) : std::nullopt;
}

OutputRef f32_constant(Patch& patch, const Shape& shape, const std::vector<double>& values) {
  return patch.constant(make_tensor(element::f32, shape, values));
}

OutputRef dequantise(Patch& patch, OutputRef codes, double scale, double zero) {
  return patch.add(ops::dequantise_0, ops::Dequantise{},
                   {codes, f32_constant(patch, {}, {scale}), f32_constant(patch, {}, {zero})});
}

}  // namespace vireo::passes
