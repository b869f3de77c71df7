// Comparison of graphs by evaluation.
#include "passes/verify.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/evaluate.h"
#include "core/values.h"

namespace vireo::passes {

namespace {

constexpr size_t kMostNodes = 300, kMostElements = 4096, kMostWork = 1 << 16;

// A whole number or a step made of real numbers: a rounding may decide it.
bool is_decision(const Graph& g, const GraphNode& n) {
  for (const char* op : {"Floor", "Ceiling", "Round", "Sign", "FakeQuantize", "FakeConvert"})
    if (n.is(op)) return true;
  for (const GraphOutput& o : n.outputs)
    for (OutputRef s : n.inputs)
      if (!o.fact.type.is_real() && g.fact(s).type.is_real() && !n.is("ShapeOf")) return true;
  return false;
}

bool is_checkable(const Graph& g) {
  const std::vector<NodeId> order = g.order();
  if (order.size() > kMostNodes) return false;
  size_t work = 0;
  for (NodeId id : order) {
    const GraphNode& n = g[id];
    if (n.op->has(kRandom | kStateful | kSink | kDataDependentShape)) return false;
    if (!n.op->has(kStructural) && (!n.op->evaluate || is_decision(g, n))) return false;
    for (const GraphOutput& o : n.outputs) {
      if (o.fact.type.is_dynamic() || o.fact.type == element::string) return false;
      if (o.fact.shape.is_dynamic()) return false;
      const size_t elements = shape_size(o.fact.shape.to_shape());
      work += elements;
      if (elements > kMostElements || work > kMostWork) return false;
    }
  }
  return true;
}

std::string shape_text(const Tensor& t) {
  return std::string(t.get_element_type().name()) + t.get_shape().to_string();
}

}  // namespace

std::vector<Tensor> random_inputs(const Graph& graph, const std::vector<Shape>& shapes,
                                  unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < graph.parameters.size(); ++i) {
    const element::Type type = graph[graph.parameters[i]].fact().type;
    std::vector<double> v(shape_size(shapes[i]));
    for (double& x : v)
      x = type.is_real() ? normal(random) : double(random() % (type == element::boolean ? 2 : 4));
    inputs.push_back(make_tensor(type, shapes[i], v));
  }
  return inputs;
}

std::string difference(const std::vector<Tensor>& got, const std::vector<Tensor>& want,
                       double tolerance) {
  if (got.size() != want.size())
    return fmt::format("{} outputs instead of {}", got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    if (shape_text(got[i]) != shape_text(want[i]))
      return fmt::format("output {} is {} instead of {}", i, shape_text(got[i]),
                         shape_text(want[i]));
    const auto a = load<double>(got[i]), b = load<double>(want[i]);
    double largest = 1e-6;
    for (double x : b)
      if (std::isfinite(x)) largest = std::max(largest, std::fabs(x));
    for (size_t k = 0; k < a.size(); ++k) {
      const bool both_nan = std::isnan(a[k]) && std::isnan(b[k]);
      if (both_nan || a[k] == b[k] || std::fabs(a[k] - b[k]) <= tolerance * largest) continue;
      return fmt::format("element {} of output {} is {} instead of {}", k, i, a[k], b[k]);
    }
  }
  return {};
}

void check_unchanged(const Graph& before, const Graph& after) {
  if (!is_checkable(before)) return;
  std::vector<Shape> shapes;
  for (NodeId id : before.parameters) shapes.push_back(before[id].fact().shape.to_shape());
  const std::vector<Tensor> inputs = random_inputs(before, shapes, 1);
  std::vector<Tensor> want;
  try {
    want = evaluate_graph(before, inputs);
  } catch (const Error&) {
    return;  // not a graph for any input
  }
  const std::string text = difference(evaluate_graph(after, inputs), want);
  if (!text.empty())
    fail(ErrorCode::Internal, "the passes changed what '{}' computes: {}", before.name, text);
}

}  // namespace vireo::passes
