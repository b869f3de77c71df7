// Operators that say with one name what simpler ones say, so that other rules see through them.
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "ops/movement/movement.h"
#include "ops/reduction/reduce.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// x scale + shift per channel, with scale = gamma / sqrt(variance + epsilon) and shift = beta -
// mean scale.
bool batch_norm(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const bool data_first = n.op->version > 1;
  const OutputRef data = n.inputs[data_first ? 0 : 2];
  const OutputRef rest[4] = {n.inputs[data_first ? 1 : 0], n.inputs[data_first ? 2 : 1],
                             n.inputs[3], n.inputs[4]};
  const int64_t rank = rank_of(g, data);
  if (rank < 2) return false;
  std::vector<double> v[4];
  for (size_t i = 0; i < 4; ++i) {
    if (!is_constant(g, rest[i])) return false;
    v[i] = load<double>(value_of(g, rest[i]));
  }
  const double epsilon = number_attr(n, "epsilon", 0);
  std::vector<double> scale, shift;
  for (size_t c = 0; c < v[0].size(); ++c) {
    scale.push_back(v[0][c] / std::sqrt(v[3][c] + epsilon));
    shift.push_back(v[1][c] - v[2][c] * scale.back());
  }
  Shape shape(size_t(rank), 1);
  shape[1] = scale.size();
  const element::Type type = g.fact(data).type;
  const OutputRef product =
      patch.add(ops::multiply_1, ops::Broadcasting{},
                {data, patch.constant(make_tensor(type, shape, scale))}, n.name + "/scale");
  const OutputRef sum = patch.add(ops::add_1, ops::Broadcasting{},
                                  {product, patch.constant(make_tensor(type, shape, shift))});
  patch.credit(product.node, id);
  replace_with(patch, id, sum);
  return true;
}

bool global_average(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const int64_t rank = rank_of(g, n.inputs[0]);
  if (rank < 3 || !all_equal(g, n.inputs[1], 1)) return false;
  std::vector<int64_t> axes;
  for (int64_t i = 2; i < rank; ++i) axes.push_back(i);
  const OutputRef mean =
      patch.add(ops::reduce_mean_1, ops::Reduce{true}, {n.inputs[0], i64_constant(patch, axes)});
  replace_with(patch, id, mean);
  return true;
}

OutputRef reshape(Patch& patch, OutputRef x, const std::vector<int64_t>& pattern) {
  return patch.add(ops::reshape_1, ops::Reshape{false}, {x, i64_constant(patch, pattern)});
}

// The shape as a pattern; the batch may be unknown.
bool known_but_batch(const PartialShape& s, std::vector<int64_t>& pattern) {
  if (!s.rank_is_static()) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i].is_dynamic() && i > 0) return false;
    pattern.push_back(s[i].is_dynamic() ? -1 : s[i].get_length());
    if (pattern.back() == 0) return false;
  }
  return true;
}

// [N, b.., C, spatial...] (or C in front) with each block axis moved behind its spatial axis.
bool depth_to_space(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto& a = n.attrs.as<ops::DepthBlock>();
  std::vector<int64_t> in, out, split, order{0};
  if (!known_but_batch(g.fact(n.inputs[0]).shape, in) || !known_but_batch(n.fact().shape, out))
    return false;
  const size_t spatial = in.size() - 2;
  const bool first = a.mode == ops::BlockMode::BlocksFirst;
  split = {in[0]};
  if (!first) split.push_back(out[1]);
  split.insert(split.end(), spatial, a.block_size);
  if (first) split.push_back(out[1]);
  split.insert(split.end(), in.begin() + 2, in.end());
  order.push_back(first ? int64_t(1 + spatial) : 1);
  for (size_t i = 0; i < spatial; ++i) {
    order.push_back(int64_t(2 + spatial + i));
    order.push_back(int64_t((first ? 1 : 2) + i));
  }
  const OutputRef parts = reshape(patch, n.inputs[0], split);
  const OutputRef moved =
      patch.add(ops::transpose_1, NoAttrs{}, {parts, i64_constant(patch, order)});
  replace_with(patch, id, reshape(patch, moved, out));
  return true;
}

bool shuffle_channels(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const auto& a = n.attrs.as<ops::ShuffleChannels>();
  std::vector<int64_t> shape;
  if (!known_but_batch(g.fact(n.inputs[0]).shape, shape)) return false;
  const size_t axis = size_t(a.axis < 0 ? a.axis + int64_t(shape.size()) : a.axis);
  if (axis == 0) return false;
  std::vector<int64_t> split = shape, order;
  split[axis] = a.group;
  split.insert(split.begin() + int64_t(axis) + 1, shape[axis] / a.group);
  for (size_t i = 0; i < split.size(); ++i) order.push_back(int64_t(i));
  std::swap(order[axis], order[axis + 1]);
  const OutputRef moved =
      patch.add(ops::transpose_1, NoAttrs{},
                {reshape(patch, n.inputs[0], split), i64_constant(patch, order)});
  replace_with(patch, id, reshape(patch, moved, shape));
  return true;
}

}  // namespace

void add_decompositions(std::vector<Rule>& rules) {
  rules.push_back({"decompose-batch-norm", {"BatchNormInference"}, batch_norm});
  rules.push_back({"decompose-global-average", {"AdaptiveAvgPool"}, global_average});
  rules.push_back({"decompose-depth-to-space", {"DepthToSpace"}, depth_to_space});
  rules.push_back({"decompose-shuffle-channels", {"ShuffleChannels"}, shuffle_channels});
}

}  // namespace vireo::passes
