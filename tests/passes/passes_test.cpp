// Runs tests/passes/*.test, and compares the outputs of random graphs before and after the passes.
#include "passes/passes.h"

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "core/evaluate.h"
#include "core/text.h"
#include "core/values.h"
#include "ops/registry.h"
#include "passes/precision/precision.h"

namespace vireo {
namespace {

Tensor random_tensor(element::Type type, const Shape& shape, std::mt19937& random) {
  std::normal_distribution<double> normal;
  std::vector<double> v(shape_size(shape));
  for (double& x : v) x = normal(random);
  return make_tensor(type, shape, v);
}

// Of the largest value. A bf16 value is off by 2^-9 of itself at most; the graphs are a few operators
// deep.
constexpr double kRounding = 1e-4, kOneCode = 1.0 / 64, kNarrow = 8.0 / 512;

void expect_same_outputs(const Graph& before, const Graph& after, std::mt19937& random,
                         double tolerance = kRounding) {
  std::vector<Tensor> inputs;
  for (NodeId id : before.parameters) {
    if (before[id].fact().shape.is_dynamic()) return;
    inputs.push_back(
        random_tensor(before[id].fact().type, before[id].fact().shape.to_shape(), random));
  }
  const auto want = evaluate_graph(before, inputs), got = evaluate_graph(after, inputs);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(got[i].get_shape().to_string(), want[i].get_shape().to_string());
    const auto a = load<double>(got[i]), b = load<double>(want[i]);
    double largest = 1e-6, worst = 0;
    for (size_t k = 0; k < a.size(); ++k) {
      ASSERT_EQ(std::isnan(a[k]), std::isnan(b[k]));
      if (std::isnan(b[k])) continue;
      largest = std::max(largest, std::fabs(b[k]));
      worst = std::max(worst, std::fabs(a[k] - b[k]));
    }
    EXPECT_LE(worst, tolerance * largest) << "output " << i << "\n"
                                     << to_text(before, 16) << to_text(after, 16);
  }
}

// "operator shape attribute=value ..." of each node that computes.
std::vector<std::vector<std::string>> described(const Graph& graph) {
  std::vector<std::vector<std::string>> lines;
  for (NodeId id : graph.order()) {
    const GraphNode& n = graph[id];
    if (n.op->has(kStructural)) continue;
    lines.push_back({n.op->full_name(), n.fact().shape.to_string()});
    for (const auto& [name, value] : list_attrs(n.attrs))
      lines.back().push_back(name + "=" + to_text(value));
  }
  return lines;
}

std::vector<std::string> test_files() {
  std::vector<std::string> names;
  if (DIR* folder = opendir(VIREO_TESTS_DIR "/passes")) {
    while (const dirent* entry = readdir(folder)) {
      const std::string name = entry->d_name;
      if (name.size() > 5 && name.substr(name.size() - 5) == ".test")
        names.push_back(name.substr(0, name.size() - 5));
    }
    closedir(folder);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class PassCases : public testing::TestWithParam<std::string> {};

TEST_P(PassCases, File) {
  std::ifstream file(VIREO_TESTS_DIR "/passes/" + GetParam() + ".test");
  std::string line, text;
  while (std::getline(file, line) && line.compare(0, 2, "=>") != 0) text += line + "\n";
  const bool narrow = line == "=> bf16";
  const auto before = graph_from_text(text, builtin_ops());
  const auto after = normalise(*before);
  if (narrow) narrow_activations(*after, {element::bf16, [](const Graph&, NodeId) { return true; }});
  const auto got = described(*after);
  size_t at = 0;
  for (; std::getline(file, line); ++at) {
    ASSERT_LT(at, got.size()) << "missing: " << line << "\n" << to_text(*after, 8);
    std::istringstream words(line);
    std::string word;
    for (size_t i = 0; words >> word; ++i) {
      const bool found = i < 2 ? got[at][i] == word
                               : std::find(got[at].begin(), got[at].end(), word) != got[at].end();
      EXPECT_TRUE(found) << "expected " << line << "\n" << to_text(*after, 8);
    }
  }
  EXPECT_EQ(at, got.size()) << to_text(*after, 8);
  std::mt19937 random(1);
  const bool codes = GetParam().rfind("quantised_", 0) == 0;
  expect_same_outputs(*before, *after, random,
                      codes ? kOneCode : narrow ? kNarrow : kRounding);
}

INSTANTIATE_TEST_SUITE_P(Text, PassCases, testing::ValuesIn(test_files()),
                         [](const auto& info) { return info.param; });

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
    std::mt19937 random(seed);
    expect_same_outputs(made.graph(), *after, random);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace vireo
