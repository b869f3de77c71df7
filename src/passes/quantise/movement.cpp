// Codes move as the values that they stand for: a vireo.Dequantise goes down past what only moves
// elements, a vireo.Quantise goes up, and where they meet nothing is left, or a table.
#include <algorithm>

#include "core/values.h"
#include "passes/quantise/codes.h"
#include "passes/quantise/quantise.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

// Operators whose output 0 is made of elements of input 0 as they are.
constexpr const char* kMovers[] = {
    "Reshape",      "Squeeze",      "Unsqueeze",       "Transpose", "Slice", "StridedSlice",
    "DepthToSpace", "SpaceToDepth", "ShuffleChannels", "Broadcast", "Tile",  "vireo.MaxPool"};

// Numbers per element of leading axes, when these axes are merged or split: [G, O, 1, 1] to [G * O,
// 1].
std::optional<Shape> leading(const Shape& numbers, const Shape& from, const Shape& to) {
  const size_t count = shape_size(numbers);
  size_t product = 1, i = 0, j = 0;
  if (numbers.size() != from.size()) return std::nullopt;
  for (; i < from.size() && product < count; ++i) {
    if (numbers[i] != from[i]) return std::nullopt;
    product *= from[i];
  }
  if (product != count) return std::nullopt;
  Shape out(to.size(), 1);
  for (product = 1; j < to.size() && product < count; ++j) product *= out[j] = to[j];
  return product == count ? std::optional<Shape>(out) : std::nullopt;
}

Tensor at_rank(const Tensor& t, size_t rank) {
  Shape shape(rank - std::min(rank, t.get_shape().size()), 1);
  shape.insert(shape.end(), t.get_shape().begin(), t.get_shape().end());
  return reshaped(t, shape);
}

// Codes whose scales cannot follow them: the values themselves.
bool become_values(Patch& patch, const Graph& g, OutputRef ref) {
  const GraphNode& d = g[ref.node];
  std::vector<Tensor> inputs;
  for (OutputRef input : d.inputs) inputs.push_back(value_of(g, input));
  replace_with(patch, ref.node, patch.constant(evaluate_op(*d.op, d.attrs, d.name, inputs)[0]));
  return true;
}

// Constant codes are moved at once, with their scales.
bool move_weights(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode& d = g[n.inputs[0].node];
  if (d.op != &ops::dequantise_0 || n.outputs.size() != 1 || n.fact().shape.is_dynamic())
    return false;
  Tensor moved[3];
  const Shape from = g.fact(n.inputs[0]).shape.to_shape(), to = n.fact().shape.to_shape();
  const auto order = n.is("Transpose") ? ints(g, n.inputs[1]) : std::nullopt;
  if (n.is("Transpose") && (!order || order->size() != from.size())) return false;
  for (size_t i = 0; i < 3; ++i) {
    const Tensor t = value_of(g, d.inputs[i]);
    if (!t) return false;
    if (i > 0 && t.get_size() == 1) {
      moved[i] = reshaped(t, {});
    } else if (order) {
      moved[i] = transposed(at_rank(t, from.size()), *order);
    } else if (i == 0) {
      moved[i] = reshaped(t, to);
    } else {
      const auto shape = leading(at_rank(t, from.size()).get_shape(), from, to);
      if (!shape) return become_values(patch, g, n.inputs[0]);
      moved[i] = reshaped(t, *shape);
    }
  }
  replace_with(
      patch, id,
      patch.add(ops::dequantise_0, ops::Dequantise{},
                {patch.constant(moved[0]), patch.constant(moved[1]), patch.constant(moved[2])}));
  return true;
}

bool move_down(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto d = n.outputs.size() >= 1 ? dequantised(g, n.inputs[0]) : std::nullopt;
  if (!d || !d->per_tensor()) return false;
  for (size_t i = 1; i < n.outputs.size(); ++i)
    if (!n.outputs[i].uses.empty()) return false;
  std::vector<OutputRef> inputs = n.inputs;
  inputs[0] = d->source;
  const OutputRef codes = remake(patch, g, id, n.attrs, std::move(inputs));
  replace_with(patch, id, dequantise(patch, codes, d->scale.values[0], d->zero));
  return true;
}

// Scales per channel follow their axis.
bool transpose_down(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode& d = g[n.inputs[0].node];
  const auto order = ints(g, n.inputs[1]);
  const int64_t rank = rank_of(g, n.inputs[0]);
  if (d.op != &ops::dequantise_0 || is_constant(g, d.inputs[0]) || !order ||
      int64_t(order->size()) != rank)
    return false;
  std::vector<OutputRef> inputs{remake(patch, g, id, n.attrs, {d.inputs[0], n.inputs[1]})};
  for (size_t i = 1; i < 3; ++i) {
    const Tensor& t = value_of(g, d.inputs[i]);
    if (!t) return false;
    inputs.push_back(
        patch.constant(t.get_size() == 1 ? t : transposed(at_rank(t, size_t(rank)), *order)));
  }
  replace_with(patch, id, patch.add(ops::dequantise_0, ops::Dequantise{}, std::move(inputs)));
  return true;
}

bool concat_down(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  std::vector<OutputRef> inputs;
  std::optional<Grid> first;
  for (OutputRef input : n.inputs) {
    const auto d = dequantised(g, input);
    if (!d || !d->per_tensor() || g.fact(d->source).type != element::u8) return false;
    if (first && (!(first->scale == d->scale) || first->zero != d->zero)) return false;
    first = d;
    inputs.push_back(d->source);
  }
  if (!first) return false;
  const OutputRef codes = remake(patch, g, id, n.attrs, std::move(inputs));
  replace_with(patch, id, dequantise(patch, codes, first->scale.values[0], first->zero));
  return true;
}

// The same vireo.Quantise of another value.
OutputRef quantise_like(Patch& patch, const GraphNode& q, OutputRef value) {
  return patch.add(ops::quantise_0, q.attrs, {value, q.inputs[1], q.inputs[2]});
}

bool move_up(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& q = g[id];
  const GraphNode& n = g[q.inputs[0].node];
  const auto grid = quantised(g, q);
  if (!grid || !grid->per_tensor() || !single_use(g, q.inputs[0]) || n.outputs.size() != 1)
    return false;
  std::vector<OutputRef> inputs = n.inputs;
  if (is_public(n, "Concat")) {
    for (OutputRef& input : inputs) input = quantise_like(patch, q, input);
  } else {
    const auto is = [&](const char* name) { return n.op->name == name; };
    if (std::none_of(std::begin(kMovers), std::end(kMovers), is)) return false;
    inputs[0] = quantise_like(patch, q, inputs[0]);
  }
  replace_with(patch, id, remake(patch, g, q.inputs[0].node, n.attrs, std::move(inputs)));
  return true;
}

// Evaluates what hangs on the codes of one tensor alone, for all 256 of them.
class CodeFunction {
 public:
  explicit CodeFunction(const Graph& g) : g_(g) {
    std::vector<double> codes(256);
    for (size_t i = 0; i < 256; ++i) codes[i] = double(i);
    codes_ = make_tensor(element::u8, {256}, codes);
  }

  // The values of `ref`, of shape [256] or one value; empty if it is no such function.
  Tensor evaluate(OutputRef ref) {
    if (const Tensor& t = value_of(g_, ref)) return t.get_size() == 1 ? reshaped(t, {}) : Tensor();
    if (source_ && *source_ == ref) return codes_;
    const std::optional<OutputRef> before = source_;
    if (Tensor t = apply(ref.node)) return t;
    source_ = before;
    if (g_.fact(ref).type != element::u8 || source_) return {};
    source_ = ref;
    return codes_;
  }
  const std::optional<OutputRef>& source() const { return source_; }
  const std::vector<NodeId>& nodes() const { return nodes_; }

 private:
  static constexpr size_t kMost = 24;  // nodes of a function

  Tensor apply(NodeId id) {
    const GraphNode& n = g_[id];
    const bool table = n.op == &ops::table_0;
    if ((!n.op->has(kElementwise) && !table) || !n.op->evaluate || n.op->has(kRandom)) return {};
    if (n.outputs.size() != 1 || nodes_.size() == kMost) return {};
    nodes_.push_back(id);
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      inputs.push_back(table && i == 1 ? value_of(g_, n.inputs[1]) : evaluate(n.inputs[i]));
      if (!inputs.back()) return {};
    }
    Tensor y = evaluate_op(*n.op, n.attrs, n.name, inputs)[0];
    return y.get_shape() == Shape{256} ? y : Tensor();
  }

  const Graph& g_;
  Tensor codes_;
  std::optional<OutputRef> source_;
  std::vector<NodeId> nodes_;
};

// A function from codes to codes is a table; the identity is nothing at all.
bool make_table(Patch& patch, const Graph& g, NodeId id) {
  if (g[id].fact().type != element::u8) return false;
  CodeFunction f(g);
  const Tensor y = f.evaluate({id, 0});
  if (!y || !f.source() || f.source()->node == id) return false;
  if (!same_shape(g.fact(*f.source()).shape, g[id].fact().shape)) return false;
  const std::vector<double> table = load<double>(y);
  bool identity = true;
  for (size_t i = 0; i < table.size(); ++i) identity = identity && table[i] == double(i);
  if (identity) {
    patch.replace({id, 0}, *f.source());
    return true;
  }
  const OutputRef made = patch.add(ops::table_0, ops::Table{}, {*f.source(), patch.constant(y)});
  for (NodeId node : f.nodes())
    if (node != id) patch.credit(made.node, node);
  replace_with(patch, id, made);
  return true;
}

}  // namespace

void add_code_movement(std::vector<Rule>& rules) {
  const std::vector<const char*> movers(std::begin(kMovers), std::end(kMovers));
  rules.push_back(
      {"move quantised weights", {"Transpose", "Reshape", "Squeeze", "Unsqueeze"}, move_weights});
  rules.push_back({"codes to codes", {"vireo.Quantise"}, make_table});
  rules.push_back({"move codes down", movers, move_down});
  rules.push_back({"transpose codes", {"Transpose"}, transpose_down});
  rules.push_back({"concatenate codes", {"Concat"}, concat_down});
  rules.push_back({"move codes up", {"vireo.Quantise"}, move_up});
}

}  // namespace vireo::passes
