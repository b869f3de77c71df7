// Slices of one axis.
#include "passes/slices.h"

#include <algorithm>

#include "ops/movement/movement.h"
#include "passes/match.h"

namespace vireo::passes {

namespace {

bool masked(const std::vector<int64_t>& mask, size_t i) { return i < mask.size() && mask[i] != 0; }
bool any(const std::vector<int64_t>& mask) {
  return std::any_of(mask.begin(), mask.end(), [](int64_t m) { return m != 0; });
}

// The extent of an axis of `data`, and the axis counted from the front.
std::optional<int64_t> extent_of(const Graph& g, OutputRef data, int64_t& axis) {
  const PartialShape& s = g.fact(data).shape;
  if (!s.rank_is_static()) return std::nullopt;
  if (axis < 0) axis += int64_t(s.size());
  if (axis < 0 || axis >= int64_t(s.size()) || s[size_t(axis)].is_dynamic()) return std::nullopt;
  return s[size_t(axis)].get_length();
}

int64_t clamped(int64_t at, int64_t extent) {
  return std::clamp<int64_t>(at < 0 ? at + extent : at, 0, extent);
}

std::optional<AxisSlice> bounded(const Graph& g, OutputRef data, int64_t axis, int64_t begin,
                                 int64_t end, int64_t step) {
  const auto extent = extent_of(g, data, axis);
  if (!extent || step < 1) return std::nullopt;
  return AxisSlice{data, axis, clamped(begin, *extent), clamped(end, *extent), step};
}

std::optional<AxisSlice> from_slice(const Graph& g, const GraphNode& n) {
  const auto start = ints(g, n.inputs[1]), stop = ints(g, n.inputs[2]), step = ints(g, n.inputs[3]);
  const auto axes = n.inputs.size() > 4 ? ints(g, n.inputs[4]) : std::vector<int64_t>{0};
  if (!start || !stop || !step || !axes || start->size() != 1 || axes->size() != 1)
    return std::nullopt;
  return bounded(g, n.inputs[0], (*axes)[0], (*start)[0], (*stop)[0], (*step)[0]);
}

std::optional<AxisSlice> from_strided_slice(const Graph& g, const GraphNode& n) {
  const auto& a = n.attrs.as<ops::StridedSlice>();
  const auto begin = ints(g, n.inputs[1]), end = ints(g, n.inputs[2]);
  const auto step = n.inputs.size() > 3 ? ints(g, n.inputs[3])
                    : begin             ? std::vector<int64_t>(begin->size(), 1)
                                        : std::optional<std::vector<int64_t>>();
  const PartialShape& s = g.fact(n.inputs[0]).shape;
  if (!begin || !end || !step || !s.rank_is_static() || begin->size() > s.size())
    return std::nullopt;
  if (any(a.new_axis_mask) || any(a.shrink_axis_mask) || any(a.ellipsis_mask)) return std::nullopt;
  std::optional<AxisSlice> found;
  for (size_t i = 0; i < begin->size(); ++i) {
    const bool all = masked(a.begin_mask, i) && masked(a.end_mask, i) && (*step)[i] == 1;
    if (all) continue;
    int64_t axis = int64_t(i);
    const auto extent = extent_of(g, n.inputs[0], axis);
    if (!extent) return std::nullopt;
    const auto one = bounded(g, n.inputs[0], axis, masked(a.begin_mask, i) ? 0 : (*begin)[i],
                             masked(a.end_mask, i) ? *extent : (*end)[i], (*step)[i]);
    if (!one) return std::nullopt;
    if (one->begin == 0 && one->end == *extent && one->step == 1) continue;
    if (found) return std::nullopt;
    found = one;
  }
  return found;
}

std::optional<AxisSlice> from_split(const Graph& g, const GraphNode& n, uint32_t output) {
  const auto axis = scalar(g, n.inputs[1]);
  if (!axis) return std::nullopt;
  int64_t at = int64_t(*axis);
  if (!extent_of(g, n.inputs[0], at)) return std::nullopt;
  int64_t begin = 0;
  for (uint32_t i = 0; i <= output; ++i) {
    const Dimension& part = n.fact(i).shape[size_t(at)];
    if (part.is_dynamic()) return std::nullopt;
    if (i == output) return AxisSlice{n.inputs[0], at, begin, begin + part.get_length(), 1};
    begin += part.get_length();
  }
  return std::nullopt;
}

}  // namespace

std::optional<AxisSlice> axis_slice(const Graph& g, OutputRef ref) {
  const GraphNode& n = g[ref.node];
  if (is_public(n, "Slice")) return from_slice(g, n);
  if (is_public(n, "StridedSlice")) return from_strided_slice(g, n);
  if (is_public(n, "Split") || is_public(n, "VariadicSplit")) return from_split(g, n, ref.index);
  return std::nullopt;
}

}  // namespace vireo::passes
