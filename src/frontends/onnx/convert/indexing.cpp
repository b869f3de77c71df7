// Gathering, scattering, one-hot, data-dependent selection.
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

std::string reduction(Node& n) {
  const std::string r = n.text("reduction", "none");
  if (r == "add") return "sum";
  if (r == "mul") return "prod";
  return r;
}

}  // namespace

Outputs gather(Node& n) { return gather(n.in(0), n.in(1), n.integer("axis", 0)); }

Outputs gather_elements(Node& n) {
  const Value data = n.in(0), indices = n.in(1);
  const int64_t axis = normal_axis(n.integer("axis", 0), data.rank());
  // Indices may be negative in ONNX, not in IR.
  const Value extent = convert_like(as_scalar(dim_of(data, axis)), indices);
  const Value from_front =
      indices.fact().value && !indices.fact().value.get_size()
          ? indices
          : select(binary("Less", indices, n.b.like(indices, 0)), indices + extent, indices);
  return n.b.add("GatherElements", 6, {data, from_front}, {{"axis", axis}});
}

Outputs gather_nd(Node& n) {
  return n.b.add("GatherND", 8, {n.in(0), n.in(1)}, {{"batch_dims", n.integer("batch_dims", 0)}});
}

Outputs scatter_elements(Node& n) {
  const std::string r = reduction(n);
  const Value axis = n.b.integer(n.integer("axis", 0));
  const Values in{n.in(0), n.in(1), n.in(2), axis};
  if (r == "none") return n.b.add("ScatterElementsUpdate", 3, in);
  return n.b.add("ScatterElementsUpdate", 12, in, {{"reduction", r}, {"use_init_val", true}});
}

Outputs scatter_nd(Node& n) {
  const std::string r = reduction(n);
  const Values in{n.in(0), n.in(1), n.in(2)};
  if (r == "none") return n.b.add("ScatterNDUpdate", 4, in);
  return n.b.add("ScatterNDUpdate", 15, in, {{"reduction", r}});
}

Outputs one_hot(Node& n) {
  Value indices = n.in(0);
  if (indices.type() != element::i32) indices = convert(indices, element::i64);
  const Value depth = as_scalar(convert_like(n.in(1), indices));
  const Value from_front =
      select(binary("Less", indices, n.b.like(indices, 0)), indices + depth, indices);
  const Values values = split(n.in(2), 0, 2);
  return n.b.add("OneHot", 1, {from_front, depth, as_scalar(values[1]), as_scalar(values[0])},
                 {{"axis", n.integer("axis", -1)}});
}

Outputs non_zero(Node& n) {
  return n.b.add("NonZero", 3, {n.in(0)}, {{"output_type", element::i64}});
}

Outputs compress(Node& n) {
  Value x = n.in(0);
  int64_t axis = 0;
  if (n.has_attribute("axis"))
    axis = n.integer("axis");
  else
    x = reshape(x, std::vector<int64_t>{-1});
  const Value chosen = n.b.add("NonZero", 3, {n.in(1)}, {{"output_type", element::i64}});
  return gather(x, squeeze(chosen, {0}), axis);
}

Outputs unique(Node& n) {
  Values in{n.in(0)};
  if (n.has_attribute("axis")) in.push_back(n.b.integer(n.integer("axis")));
  return n.b.add_all("Unique", 10, in,
                     {{"sorted", n.integer("sorted", 1) != 0},
                      {"index_element_type", element::i64},
                      {"count_element_type", element::i64}});
}

// Writes `update` into the cache at write_indices along `axis`, for every entry of the batch.
Outputs tensor_scatter(Node& n) {
  const Value cache = n.in(0), update = n.in(1);
  const int64_t rank = cache.rank(), axis = normal_axis(n.integer("axis", -2), rank);
  const Value length = as_scalar(dim_of(update, axis)), extent = as_scalar(dim_of(cache, axis));
  Value at = range(n.b.integer(0), length, n.b.integer(1), element::i64);
  if (n.has(2))
    at = unsqueeze(convert(n.in(2), element::i64), {1}) + unsqueeze(at, {0});
  else
    at = unsqueeze(at, {0});
  if (n.text("mode", "linear") == "circular") at = binary("FloorMod", at, extent);
  // [B, L] to the shape of the update, with L at its axis.
  std::vector<int64_t> axes;
  for (int64_t i = 1; i < rank; ++i)
    if (i != axis) axes.push_back(i);
  const Value indices = broadcast(unsqueeze(at, axes), shape_of(update));
  return n.b.add("ScatterElementsUpdate", 3, {cache, indices, update, n.b.integer(axis)});
}

Outputs ms_gather_nd(Node& n) {
  return n.b.add("GatherND", 8, {n.in(0), n.in(1)}, {{"batch_dims", 0}});
}

}  // namespace vireo::onnx
