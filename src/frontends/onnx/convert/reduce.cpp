// Reductions, ArgMax and ArgMin, TopK, cumulative sums.
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

// The axes that a reduction runs over, and whether it runs at all.
struct Axes {
  Value axes;
  bool none = false;  // empty axes with noop_with_empty_axes: the data pass as they are
};

Axes reduction_axes(Node& n) {
  const Value x = n.in(0);
  const bool noop = n.integer("noop_with_empty_axes", 0) != 0;
  const bool empty =
      n.has(1) && n.in(1).shape().is_static() && n.in(1).shape().to_shape() == Shape{0};
  if (n.has(1) && !empty && !n.in(1).fact().value) return {n.in(1)};
  const std::optional<std::vector<int64_t>> axes = empty ? std::nullopt : n.axes(1, "axes");
  if (axes && !axes->empty())
    return {n.b.ints(x.has_rank() ? normal_axes(*axes, x.rank()) : *axes)};
  if (noop) return {Value(), true};
  if (x.has_rank()) return {n.b.ints(iota(0, x.rank()))};
  return {range(n.b.integer(0), rank_of(x), n.b.integer(1), element::i64)};
}

Value reduced(Node& n, const char* op, const Value& x, const Axes& axes) {
  return n.b.add(op, 16, {x, axes.axes}, {{"keep_dims", n.integer("keepdims", 1) != 0}});
}

Value sum_of(Node& n, const Value& x, const Axes& axes) {
  return axes.none ? x : reduced(n, "ReduceSum", x, axes);
}

Outputs plain(Node& n, const char* op) {
  const Axes axes = reduction_axes(n);
  if (axes.none) return n.in(0);
  if (n.in(0).type() == element::boolean)
    op = std::string_view(op) == "ReduceMax"   ? "ReduceLogicalOr"
         : std::string_view(op) == "ReduceMin" ? "ReduceLogicalAnd"
                                               : op;
  return reduced(n, op, n.in(0), axes);
}

Outputs arg(Node& n, const char* mode) {
  const int64_t axis = n.integer("axis", 0);
  Value x = n.in(0);
  const bool last = n.integer("select_last_index", 0) != 0;
  if (last) x = n.b.add("Reverse", 1, {x, n.b.ints({axis})}, {{"mode", "index"}});
  const Value index = n.b.add_all("TopK", 11, {x, n.b.integer(1)},
                                  {{"axis", axis},
                                   {"mode", mode},
                                   {"sort", "value"},
                                   {"stable", true},
                                   {"index_element_type", element::i64}})
                          .at(1);
  const Value found = last ? dim_of(n.in(0), axis) - n.b.ints({1}) - index : index;
  return n.integer("keepdims", 1) ? found : squeeze(found, {axis});
}

Outputs top(Node& n, const Value& k) {
  const Value x = n.in(0);
  return n.b.add_all("TopK", 11, {x, as_scalar(k)},
                     {{"axis", n.integer("axis", -1)},
                      {"mode", n.integer("largest", 1) ? "max" : "min"},
                      {"sort", n.integer("sorted", 1) ? "value" : "none"},
                      {"stable", n.integer("sorted", 1) != 0},
                      {"index_element_type", element::i64}});
}

}  // namespace

Outputs reduce_sum(Node& n) { return plain(n, "ReduceSum"); }
Outputs reduce_mean(Node& n) { return plain(n, "ReduceMean"); }
Outputs reduce_max(Node& n) { return plain(n, "ReduceMax"); }
Outputs reduce_min(Node& n) { return plain(n, "ReduceMin"); }
Outputs reduce_prod(Node& n) { return plain(n, "ReduceProd"); }

Outputs reduce_l1(Node& n) {
  const Axes axes = reduction_axes(n);
  if (axes.none) return unary("Abs", n.in(0));
  return reduced(n, "ReduceL1", n.in(0), axes);
}

Outputs reduce_l2(Node& n) {
  const Axes axes = reduction_axes(n);
  if (axes.none) return unary("Abs", n.in(0));
  return reduced(n, "ReduceL2", n.in(0), axes);
}

Outputs reduce_sum_square(Node& n) { return sum_of(n, n.in(0) * n.in(0), reduction_axes(n)); }
Outputs reduce_log_sum(Node& n) { return unary("Log", sum_of(n, n.in(0), reduction_axes(n))); }

// log(sum(exp(x - m))) + m with m = max(x), 0 where that is infinite, so that exp overflows only
// where the sum does.
Outputs reduce_log_sum_exp(Node& n) {
  const Axes axes = reduction_axes(n);
  const Value x = n.in(0);
  if (axes.none) return x;
  if (!x.type().is_real() || !x.has_rank() || !axes.axes.ints())
    return unary("Log", sum_of(n, unary("Exp", x), axes));
  Value m = n.b.add("ReduceMax", 1, {x, axes.axes}, {{"keep_dims", true}});
  m = clamp(m, -3.4e38, 3.4e38);
  const Value sum =
      n.b.add("ReduceSum", 1, {unary("Exp", x - m), axes.axes}, {{"keep_dims", true}});
  const Value out = unary("Log", sum) + m;
  return n.integer("keepdims", 1) ? out : squeeze(out, *axes.axes.ints());
}

Outputs arg_max(Node& n) { return arg(n, "max"); }
Outputs arg_min(Node& n) { return arg(n, "min"); }
Outputs top_k_1(Node& n) { return top(n, n.b.integer(n.integer("k"))); }
Outputs top_k_10(Node& n) { return top(n, n.in(1)); }

Outputs cum_sum(Node& n) {
  return n.b.add(
      "CumSum", 3, {n.in(0), as_scalar(n.in(1))},
      {{"exclusive", n.integer("exclusive", 0) != 0}, {"reverse", n.integer("reverse", 0) != 0}});
}

// Every element's prefix is laid out along a new axis and multiplied up: quadratic, for short axes.
Outputs cum_prod(Node& n) {
  const Value x = n.in(0);
  const int64_t rank = x.rank(), axis = normal_axis(as_scalar(n.in(1)).need_int("axis"), rank);
  const bool exclusive = n.integer("exclusive", 0) != 0, reverse = n.integer("reverse", 0) != 0;
  const Value at = range(n.b.integer(0), as_scalar(dim_of(x, axis)), n.b.integer(1), element::i64);
  const Value to = unsqueeze(at, {1}), from = unsqueeze(at, {0});
  const char* op =
      reverse ? (exclusive ? "Greater" : "GreaterEqual") : (exclusive ? "Less" : "LessEqual");
  const Value seen = unsqueeze(binary(op, from, to), iota(2, rank - axis + 1));
  return reduce("ReduceProd", select(seen, unsqueeze(x, {axis}), n.b.like(x, 1)), {axis + 1},
                false);
}

}  // namespace vireo::onnx
