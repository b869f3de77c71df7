// Random graphs before and after the passes.
#include "passes/passes.h"

#include <gtest/gtest.h>

#include <random>

#include "core/evaluate.h"
#include "core/text.h"
#include "core/values.h"
#include "ops/registry.h"
#include "passes/verify.h"

namespace vireo {
namespace {

Tensor random_tensor(element::Type type, const Shape& shape, std::mt19937& random) {
  std::normal_distribution<double> normal;
  std::vector<double> v(shape_size(shape));
  for (double& x : v) x = normal(random);
  return make_tensor(type, shape, v);
}

// Grows a graph by operators drawn at random over values [2, C, h, w].
class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : random_(seed) {
    values_.push_back(graph_.add_parameter(element::f32, PartialShape{2, 4, 6, 5}, "x"));
    for (int i = 0; i < 12; ++i) grow();
    for (size_t i = 0; i < 2; ++i) graph_.add_result(pick());
    graph_.add_result(values_.back());
  }
  const Graph& graph() const { return graph_; }

 private:
  int below(int n) { return int(random_() % unsigned(n)); }
  OutputRef pick() { return values_[size_t(below(int(values_.size())))]; }
  OutputRef add(const char* op, std::vector<OutputRef> in, const AttrList& attrs = {}) {
    return {add_op(graph_, op, 13, std::move(in), attrs), 0};
  }
  OutputRef floats(const Shape& shape) {
    return graph_.add_constant(random_tensor(element::f32, shape, random_));
  }
  OutputRef i64(const std::vector<int64_t>& v) { return graph_.add_constant(make_i64(v)); }
  Shape shape(OutputRef v) const { return graph_.fact(v).shape.to_shape(); }

  OutputRef convolution(OutputRef x) {
    const size_t channels = shape(x)[1], k = size_t(1 + 2 * below(2));
    const AttrList attrs{{"strides", std::vector<int64_t>{1, 1}},
                         {"dilations", std::vector<int64_t>{1, 1}},
                         {"pads_begin", std::vector<int64_t>{int64_t(k / 2), int64_t(k / 2)}},
                         {"pads_end", std::vector<int64_t>{int64_t(k / 2), int64_t(k / 2)}}};
    if (below(3) == 0) return add("GroupConvolution", {x, floats({channels, 1, 1, k, k})}, attrs);
    return add("Convolution", {x, floats({channels, channels, k, k})}, attrs);
  }
  OutputRef reshaped(OutputRef x) {
    const Shape s = shape(x);
    const std::vector<int64_t> back(s.begin(), s.end());
    const OutputRef flat = add("Reshape", {x, i64({0, 0, -1})}, {{"special_zero", true}});
    const OutputRef soft =
        below(2) ? add("Softmax", {flat}, {{"axis", below(3)}}) : add("Relu", {flat});
    return add("Reshape", {soft, i64(back)}, {{"special_zero", false}});
  }
  OutputRef shuffled(OutputRef x) {
    const Shape s = shape(x);
    const int64_t c = int64_t(s[1]), h = int64_t(s[2]), w = int64_t(s[3]);
    const OutputRef parts =
        add("Reshape", {x, i64({2, 2, c / 2, h, w})}, {{"special_zero", false}});
    const OutputRef moved = add("Transpose", {parts, i64({0, 2, 1, 3, 4})});
    return add("Reshape", {moved, i64({2, c, h, w})}, {{"special_zero", false}});
  }

  // All keep the shape.
  OutputRef step(OutputRef x) {
    const Shape s = shape(x);
    const size_t c = s[1];
    switch (below(14)) {
      case 0:
      case 1:
      case 2: return convolution(x);
      case 3: return add("Relu", {x});
      case 4: return add("Multiply", {x, add("Sigmoid", {x})});
      case 5: return add("Add", {x, floats({1, c, 1, 1})});
      case 6: return add("Multiply", {x, floats({c, 1, 1})});
      case 7: return add("Add", {x, pick()});
      case 8:
        return add(
            "Multiply",
            {x, add("Sigmoid", {add("ReduceMean", {x, i64({2, 3})}, {{"keep_dims", true}})})});
      case 9: return reshaped(x);
      case 10: return shuffled(x);
      case 11:
        return add("Transpose",
                   {add("Tanh", {add("Transpose", {x, i64({0, 2, 3, 1})})}), i64({0, 3, 1, 2})});
      case 12: return add("Softmax", {x}, {{"axis", below(4)}});
      default: {
        const NodeId halves = add_op(
            graph_, "Split", 13, {x, graph_.add_constant(make_i64_scalar(1))}, {{"num_splits", 2}});
        return add("Concat", {{halves, 1}, {halves, 0}}, {{"axis", 1}});
      }
    }
  }
  void grow() { values_.push_back(step(below(3) ? values_.back() : pick())); }

  std::mt19937 random_;
  Graph graph_;
  std::vector<OutputRef> values_;
};

TEST(Passes, KeepTheOutputsOfRandomGraphs) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    const RandomGraph made(seed);
    const std::string text = to_text(made.graph());
    const auto after = normalise(made.graph());
    EXPECT_EQ(to_text(made.graph()), text) << "the user's graph was changed";
    const auto inputs = passes::random_inputs(made.graph(), {{2, 4, 6, 5}}, seed);
    EXPECT_EQ(
        passes::difference(evaluate_graph(*after, inputs), evaluate_graph(made.graph(), inputs)),
        "")
        << text << to_text(*after, 16);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace vireo
