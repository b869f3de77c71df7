// Shapes and layouts: Reshape, Transpose, Concat, Split, Slice, Pad and their like.
#include "frontends/onnx/convert/node.h"

#include <algorithm>
#include <limits>

#include "core/values.h"

namespace vireo::onnx {

Outputs reshape_1(Node& n) { return reshape(n.in(0), n.ints("shape", {}), true); }

Outputs reshape_5(Node& n) { return reshape(n.in(0), n.in(1), n.integer("allowzero", 0) == 0); }

Outputs transpose(Node& n) {
  const std::optional<std::vector<int64_t>> perm = n.ints("perm");
  if (perm && !perm->empty()) return transpose(n.in(0), *perm);
  if (!n.in(0).has_rank()) {
    const Value rank = rank_of(n.in(0)), minus = n.b.integer(-1);
    return n.b.add("Transpose", 1, {n.in(0), range(rank + minus, minus, minus, element::i64)});
  }
  std::vector<int64_t> order = iota(0, n.in(0).rank());
  std::reverse(order.begin(), order.end());
  return transpose(n.in(0), order);
}

Outputs squeeze(Node& n) {
  if (n.has(1)) return n.b.add("Squeeze", 1, {n.in(0), n.in(1)});
  const std::optional<std::vector<int64_t>> axes = n.ints("axes");
  if (axes && !axes->empty()) return squeeze(n.in(0), *axes);
  return n.b.add("Squeeze", 1, {n.in(0)});
}

Outputs unsqueeze(Node& n) {
  if (n.has(1)) return n.b.add("Unsqueeze", 1, {n.in(0), n.in(1)});
  return unsqueeze(n.in(0), n.ints("axes", {}));
}

Outputs flatten(Node& n) {
  const Value x = n.in(0);
  int64_t axis = n.integer("axis", 1);
  if (axis < 0 || x.has_rank()) {
    const int64_t rank = x.rank();
    if (axis < -rank || axis > rank)
      fail(ErrorCode::InvalidModel, "axis {} is out of range for rank {}", axis, rank);
    if (axis < 0) axis += rank;
  }
  if (axis == 0) return reshape(x, {1, -1});
  if (axis == 1) return reshape(x, {0, -1}, true);
  const Value head = reduce("ReduceProd", dims_of(x, 0, axis), {0});
  return reshape(x, concat({head, n.b.ints({-1})}, 0));
}

Outputs shape(Node& n) {
  const Value x = n.in(0);
  // Kept as an operator, not folded: the model stays reshapeable.
  const Value s = n.b.add("ShapeOf", 3, {x}, {{"output_type", element::i64}});
  if (!n.has_attribute("start") && !n.has_attribute("end")) return s;
  int64_t begin = n.integer("start", 0),
          end = n.integer("end", std::numeric_limits<int64_t>::max());
  return slice(s, 0, begin, end);
}

Outputs size(Node& n) {
  const Value s = n.b.add("ShapeOf", 3, {n.in(0)}, {{"output_type", element::i64}});
  return reduce("ReduceProd", s, {0}, false);
}

Outputs concat(Node& n) {
  Values parts;
  for (const Value& v : n.all())
    if (v) parts.push_back(v);
  if (parts.empty()) fail(ErrorCode::InvalidModel, "it has no inputs");
  return n.b.add("Concat", 1, parts, {{"axis", n.integer("axis", 1)}});
}

Outputs split(Node& n) {
  const Value x = n.in(0);
  const int64_t axis = n.integer("axis", 0);
  if (n.has(1)) return n.b.add_all("VariadicSplit", 1, {x, n.b.integer(axis), n.in(1)});
  if (const auto lengths = n.ints("split"); lengths && !lengths->empty())
    return split(x, axis, *lengths);
  const int64_t count = n.integer("num_outputs", int64_t(n.outputs()));
  if (count < 1 || count > int64_t(n.outputs()))
    fail(ErrorCode::InvalidModel, "num_outputs is {}, the node has {} outputs", count, n.outputs());
  const Dimension extent = x.dim(axis);
  if (extent.is_static() && extent.get_length() % count != 0) {
    const int64_t part = (extent.get_length() + count - 1) / count;  // the last part is shorter
    std::vector<int64_t> lengths(size_t(count), part);
    lengths.back() = extent.get_length() - part * (count - 1);
    return split(x, axis, lengths);
  }
  return n.b.add_all("Split", 1, {x, n.b.integer(axis)}, {{"num_splits", count}});
}

Outputs slice_1(Node& n) {
  const std::vector<int64_t> starts = n.ints("starts", {}), ends = n.ints("ends", {});
  const std::vector<int64_t> axes = n.ints("axes", iota(0, int64_t(starts.size())));
  return n.b.add("Slice", 8,
                 {n.in(0), n.b.ints(starts), n.b.ints(ends),
                  n.b.ints(std::vector<int64_t>(starts.size(), 1)), n.b.ints(axes)});
}

Outputs slice_10(Node& n) {
  Values in{n.in(0), n.in(1), n.in(2)};
  const Value starts = n.in(1);
  if (n.has(4)) {
    in.push_back(n.in(4));
  } else {
    if (!starts.shape().is_static()) {
      in.push_back(broadcast(n.b.like(starts, 1), shape_of(starts)));
    } else {
      in.push_back(convert_like(
          n.b.ints(std::vector<int64_t>(shape_size(starts.shape().to_shape()), 1)), starts));
    }
  }
  if (n.has(3)) in.push_back(n.in(3));
  return n.b.add("Slice", 8, in);
}

Outputs expand(Node& n) {
  return n.b.add("Broadcast", 3, {n.in(0), n.in(1)}, {{"mode", "bidirectional"}});
}

Outputs tile(Node& n) { return n.b.add("Tile", 1, {n.in(0), n.in(1)}); }

namespace {

const char* pad_mode(const std::string& mode) {
  if (mode == "constant") return "constant";
  if (mode == "reflect") return "reflect";
  if (mode == "edge") return "edge";
  fail(ErrorCode::NotSupported, "pad mode '{}' is not supported", mode);
}

// Extends the index range by modulo: pads of any width wrap around.
Value wrap(const Value& x, const Value& begins, const Value& ends) {
  Builder& b = *x.builder;
  Value out = x;
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    const Value before = gather(begins, axis, 0), after = gather(ends, axis, 0);
    if (before.scalar_int() == 0 && after.scalar_int() == 0) continue;
    const Value extent = as_scalar(dim_of(out, axis));
    const Value at = range(b.integer(0) - before, extent + after, b.integer(1), element::i64);
    out = gather(out, binary("FloorMod", at, extent), axis);
  }
  return out;
}

Value padded(Node& n, const Value& x, const Value& begins, const Value& ends, const Value& value) {
  const std::string mode = n.text("mode", "constant");
  if (mode == "wrap") return wrap(x, begins, ends);
  Values in{x, begins, ends};
  if (mode == "constant") in.push_back(value ? value : n.b.like(x, 0));
  return n.b.add("Pad", 12, in, {{"pad_mode", pad_mode(mode)}});
}

Value padded(Node& n, const Value& x, const std::vector<int64_t>& pads, const Value& value) {
  const int64_t half = int64_t(pads.size() / 2);
  return padded(n, x, n.b.ints({pads.begin(), pads.begin() + half}),
                n.b.ints({pads.begin() + half, pads.end()}), value);
}

// Pads of all axes from pads of some.
std::vector<int64_t> spread(const std::vector<int64_t>& pads, const std::vector<int64_t>& axes,
                            int64_t rank) {
  if (pads.size() != 2 * axes.size())
    fail(ErrorCode::InvalidModel, "{} pads for {} axes, expected {}", pads.size(), axes.size(),
         2 * axes.size());
  std::vector<int64_t> all(size_t(2 * rank), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = size_t(normal_axis(axes[i], rank));
    all[axis] = pads[i];
    all[axis + size_t(rank)] = pads[i + axes.size()];
  }
  return all;
}

}  // namespace

Outputs pad_2(Node& n) {
  const std::vector<int64_t> pads = n.ints(n.opset == 1 ? "paddings" : "pads", {});
  return padded(n, n.in(0), pads, n.b.like(n.in(0), n.real("value", 0)));
}

Outputs pad_11(Node& n) {
  const Value x = n.in(0), pads = n.in(1);
  const Value value = n.has(2) ? as_scalar(n.in(2)) : Value();
  const auto known = pads.ints();
  if (n.has(3)) {
    const auto axes = n.in(3).ints();
    if (known && axes) return padded(n, x, spread(*known, *axes, x.rank()), value);
    const Values halves = split(convert(pads, element::i64), 0, 2);
    const Value given = convert(n.in(3), element::i64),
                zeros = n.b.ints(std::vector<int64_t>(size_t(x.rank()), 0));
    const Value at =
        select(binary("Less", given, n.b.integer(0)), given + n.b.integer(x.rank()), given);
    const auto scattered = [&](const Value& half) {
      return n.b.add("ScatterElementsUpdate", 3, {zeros, at, half, n.b.integer(0)});
    };
    return padded(n, x, scattered(halves[0]), scattered(halves[1]), value);
  }
  if (!known) {
    const Values halves = split(convert(pads, element::i64), 0, 2);
    return padded(n, x, halves[0], halves[1], value);
  }
  if (x.has_rank() && int64_t(known->size()) != 2 * x.rank())
    fail(ErrorCode::InvalidModel, "{} pads for rank {}, expected {}", known->size(), x.rank(),
         2 * x.rank());
  return padded(n, x, *known, value);
}

Outputs depth_to_space(Node& n) {
  const std::string mode = n.text("mode", "DCR");
  return n.b.add("DepthToSpace", 1, {n.in(0)},
                 {{"mode", mode == "DCR" ? "blocks_first" : "depth_first"},
                  {"block_size", n.integer("blocksize")}});
}

Outputs space_to_depth(Node& n) {
  return n.b.add("SpaceToDepth", 1, {n.in(0)},
                 {{"mode", n.text("mode", "DCR") == "CRD" ? "depth_first" : "blocks_first"},
                  {"block_size", n.integer("blocksize")}});
}

Outputs reverse_sequence(Node& n) {
  return n.b.add(
      "ReverseSequence", 1, {n.in(0), convert(n.in(1), element::i32)},
      {{"batch_axis", n.integer("batch_axis", 1)}, {"seq_axis", n.integer("time_axis", 0)}});
}

// keep[i, j] = j - i >= k (upper) or <= k (lower).
Outputs trilu(Node& n) {
  const Value x = n.in(0);
  const Value k = n.has(1) ? as_scalar(convert(n.in(1), element::i64)) : n.b.integer(0);
  const Value zero = n.b.integer(0), one = n.b.integer(1);
  const Value rows = unsqueeze(range(zero, as_scalar(dim_of(x, -2)), one, element::i64), {1});
  const Value columns = unsqueeze(range(zero, as_scalar(dim_of(x, -1)), one, element::i64), {0});
  const Value keep =
      binary(n.integer("upper", 1) ? "GreaterEqual" : "LessEqual", columns, rows + k);
  return select(keep, x, n.b.like(x, 0));
}

Outputs center_crop_pad(Node& n) {
  Value x = n.in(0);
  const int64_t rank = x.rank();
  const std::vector<int64_t> axes = normal_axes(n.ints("axes", iota(0, rank)), rank);
  const Value wanted = convert(n.in(1), element::i64);
  const Value two = n.b.ints({2}), zero = n.b.ints({0});
  for (size_t i = 0; i < axes.size(); ++i) {
    const Value want = slice(wanted, 0, int64_t(i), int64_t(i) + 1), have = dim_of(x, axes[i]);
    const Value cut = binary("Maximum", have - want, zero),
                add = binary("Maximum", want - have, zero);
    const Value begin = n.b.add("Divide", 1, {cut, two}, {{"m_pythondiv", true}});
    const Value cropped = slice(x, axes[i], begin, begin + binary("Minimum", have, want));
    const Value before = n.b.add("Divide", 1, {add, two}, {{"m_pythondiv", true}});
    const Value head = n.b.ints(std::vector<int64_t>(size_t(axes[i]), 0));
    const Value tail = n.b.ints(std::vector<int64_t>(size_t(rank - axes[i] - 1), 0));
    const auto at_axis = [&](const Value& v) { return concat({head, v, tail}, 0); };
    x = n.b.add("Pad", 12, {cropped, at_axis(before), at_axis(add - before), n.b.like(x, 0)},
                {{"pad_mode", "constant"}});
  }
  return x;
}

}  // namespace vireo::onnx
