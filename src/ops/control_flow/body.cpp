#include <algorithm>

#include "core/values.h"
#include "ops/control_flow/control_flow.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

std::vector<Fact> infer_body(const Graph& body, const std::vector<Fact>& parameters) {
  const std::shared_ptr<Graph> copy = body.clone();
  for (NodeId id : copy->order()) {
    const auto at = std::find(copy->parameters.begin(), copy->parameters.end(), id);
    if (at == copy->parameters.end())
      copy->arena->infer(id);
    else
      copy->arena->edit(id).outputs[0].fact = parameters[size_t(at - copy->parameters.begin())];
  }
  std::vector<Fact> out;
  for (NodeId id : copy->results) out.push_back(copy->fact({copy->arena->input(id, 0)}));
  return out;
}

namespace {

void check_slice(const InferContext& c, const BodyInput& map, const char* name) {
  constexpr int64_t kMost = int64_t(1) << 40;
  for (int64_t v : {map.start, map.end, map.stride, map.part_size})
    if (v < -kMost || v > kMost) c.fail("{} slices by {}, which is out of range", name, v);
}

}  // namespace

void check_ports(const InferContext& c, const Body& body, const char* name) {
  if (!body.graph) c.fail("{} is missing", name);
  const int64_t parameters = int64_t(body.graph->parameters.size()),
                results = int64_t(body.graph->results.size());
  std::vector<bool> fed(size_t(parameters), false);
  for (const BodyInput& map : body.inputs) {
    if (map.input < -1 || map.input >= int64_t(c.inputs()))
      c.fail("{} reads input {} of {}", name, map.input, c.inputs());
    if (map.parameter < 0 || map.parameter >= parameters)
      c.fail("{} has no parameter {}, it has {}", name, map.parameter, parameters);
    if (map.back_edge < -1 || map.back_edge >= results)
      c.fail("{} has no result {}, it has {}", name, map.back_edge, results);
    check_slice(c, map, name);
    fed[size_t(map.parameter)] = true;
  }
  for (size_t i = 0; i < fed.size(); ++i)
    if (!fed[i]) c.fail("parameter {} of {} gets no value", i, name);
  for (const BodyOutput& map : body.outputs) {
    if (map.result < 0 || map.result >= results)
      c.fail("{} has no result {}, it has {}", name, map.result, results);
    if (map.output < -1 || map.output > 1 << 16) c.fail("{} gives output {}", name, map.output);
  }
}

int64_t slice_iterations(const BodyInput& map, int64_t extent) {
  const int64_t start = map.start < 0 ? map.start + extent : map.start,
                end = map.end < 0 ? map.end + extent : map.end;
  if (extent == 0) return 0;
  return (std::abs(end - start) + 1) / std::max<int64_t>(map.part_size, 1);
}

Tensor slice_of(const Tensor& tensor, const BodyInput& map, int64_t iteration) {
  const Shape& shape = tensor.get_shape();
  const size_t axis = wrap_axis(map.axis, shape.size());
  const int64_t extent = int64_t(shape.at(axis)), part = std::max<int64_t>(map.part_size, 1);
  const int64_t start = (map.start < 0 ? map.start + extent : map.start) + iteration * map.stride;
  const int64_t first = map.stride < 0 ? start + 1 - part : start;
  if (first < 0 || first + part > extent)
    fail(ErrorCode::InvalidArgument, "iteration {} reads [{}, {}) of an axis of extent {}",
         iteration, first, first + part, extent);
  Shape extents = shape;
  extents[axis] = size_t(part);
  const std::vector<int64_t> strides = walk_strides(shape);
  Tensor out(tensor.get_element_type(), extents);
  copy_walk(out, extents, tensor, {first * strides[axis], strides});
  return out;
}

Tensor join_parts(const BodyOutput& map, const std::vector<Tensor>& parts) {
  Shape shape = parts.at(0).get_shape();
  const size_t axis = wrap_axis(map.axis, shape.size());
  if (axis >= shape.size())
    fail(ErrorCode::InvalidModel, "parts of rank {} cannot be joined along axis {}", shape.size(),
         map.axis);
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  size_t total = 0;
  for (const Tensor& part : parts) {
    Shape same = part.get_shape();
    if (same.size() == shape.size()) same[axis] = shape[axis];
    if (same != shape)
      fail(ErrorCode::InvalidArgument, "iterations give parts of shapes {} and {}",
           shape.to_string(), part.get_shape().to_string());
    total += part.get_shape()[axis];
  }
  shape[axis] = total;
  Tensor out(parts[0].get_element_type(), shape);
  ElementMover move(out);
  size_t before = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Tensor& part = parts[map.stride < 0 ? parts.size() - 1 - i : i];
    const Tensor dense = part.dense();
    move.from(dense);
    const size_t block = part.get_shape()[axis] * inner;
    for (size_t o = 0; o < outer && block > 0; ++o)
      move(o * total * inner + before, o * block, block);
    before += block;
  }
  move.finish();
  return out;
}

Tensor empty_of(const Fact& fact) {
  Shape shape;
  for (const Dimension& d : fact.shape) shape.push_back(d.is_static() ? size_t(d.get_length()) : 0);
  Tensor out(fact.type.is_static() ? fact.type : element::Type(element::f32), shape);
  if (out.get_element_type() != element::string)
    store(out, std::vector<double>(out.get_size(), 0.0));
  return out;
}

Fact cover(const InferContext& c, const Fact& a, const Fact& b) {
  if (a.type.is_static() && b.type.is_static() && a.type != b.type)
    c.fail("bodies give {} and {} for one output", a.type.name(), b.type.name());
  Fact out{a.type.is_static() ? a.type : b.type, PartialShape::dynamic(), {}, std::nullopt};
  if (!a.shape.rank_is_static() || !b.shape.rank_is_static() || a.shape.size() != b.shape.size())
    return out;
  out.shape = a.shape;
  for (size_t i = 0; i < a.shape.size(); ++i) {
    const Dimension &x = a.shape[i], &y = b.shape[i];
    if (x.same(y)) continue;
    const bool bounded = x.bounded() && y.bounded();
    out.shape[i] = Dimension(std::min(x.min(), y.min()), bounded ? std::max(x.max(), y.max()) : -1);
  }
  return out;
}

}  // namespace vireo::ops
