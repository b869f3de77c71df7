// What a mask says, found out by asking it.
//
// Exporters spell causal masks in dozens of nodes, and every release of theirs spells them anew. So
// nothing is matched: the part of the graph that makes the mask is evaluated for small lengths and
// random padding, and around every length that it names in a constant, and what comes out is
// compared with the mask that is expected. Shapes of anything are given, so that only the
// arithmetic of the mask itself is run.
#include <algorithm>
#include <cmath>
#include <random>
#include <unordered_map>
#include <unordered_set>

#include "core/evaluate.h"
#include "core/values.h"
#include "passes/match.h"
#include "passes/states/states.h"

namespace vireo::passes {

namespace {

constexpr size_t kMostNodes = 400, kMostElements = 4096;
constexpr int64_t kLongestWindow = 40000;  // to be tried out
constexpr int64_t kFar = 700;              // positions that bf16 does not tell apart
constexpr int64_t kEndless = 2147483647;   // and more: the end of a slice
constexpr double kHidden = -1e4;           // what is added to a score that shall not count

// Lengths to ask for.
struct Lengths {
  int64_t batch, past, fresh;
  int64_t all() const { return past + fresh; }
};

// The nodes that make `of`, up to those that `stop` names; parameters and the like included.
template <typename Stop>
std::unordered_set<NodeId> makers(const Graph& g, NodeId of, Stop stop) {
  std::unordered_set<NodeId> seen{of};
  std::vector<NodeId> open{of};
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    if (stop(g[id])) continue;
    for (OutputRef s : g[id].inputs)
      if (s.valid() && seen.insert(s.node).second) open.push_back(s.node);
  }
  return seen;
}

class Probe {
 public:
  Probe(const Graph& g, OutputRef mask, OutputRef beam) : g_(g), mask_(mask), beam_(beam) {}

  // False: the mask cannot be asked.
  bool prepare() {
    const auto slice = makers(g_, mask_.node, [](const GraphNode& n) { return n.is("ShapeOf"); });
    if (slice.size() > kMostNodes) return false;
    std::unordered_map<OutputRef, OutputRef, OutputRefHash> copies;
    for (NodeId id : g_.order()) {
      if (!slice.count(id)) continue;
      const GraphNode& n = g_[id];
      if (n.is("ShapeOf")) {
        shapes_.push_back(n.inputs[0]);
        copies[{id, 0}] = values_.add_parameter(n.fact().type, n.fact().shape, n.name);
      } else if (n.op == &parameter_op) {
        if (padding_.valid() || rank_of(g_, {id, 0}) != 2) return false;
        padding_ = {id, 0};
        copies[{id, 0}] = values_.add_parameter(n.fact().type, n.fact().shape, n.name);
        padding_parameter_ = values_.parameters.size() - 1;
      } else {
        if (!note(n)) return false;
        std::vector<OutputRef> inputs;
        for (OutputRef s : n.inputs) inputs.push_back(s.valid() ? copies.at(s) : s);
        const NodeId copy = values_.arena->add_copy(n, std::move(inputs));
        for (uint32_t i = 0; i < n.outputs.size(); ++i) copies[{id, i}] = {copy, i};
      }
    }
    values_.add_result(copies.at(mask_));
    return true;
  }

  const std::vector<int64_t>& lengths() const { return lengths_; }  // that constants name
  OutputRef padding() const { return padding_; }

  // The mask for these lengths; `padding` has batch * all() elements.
  Tensor ask(const Lengths& l, const std::vector<int64_t>& padding) const {
    const std::vector<Shape> shapes = shapes_for(l);
    std::vector<Tensor> inputs;
    size_t next = 0;
    for (size_t i = 0; i < values_.parameters.size(); ++i) {
      const element::Type type = values_[values_.parameters[i]].fact().type;
      if (padding_.valid() && i == padding_parameter_) {
        inputs.push_back(make_tensor<int64_t>(type, {size_t(l.batch), size_t(l.all())}, padding));
      } else {
        const Shape& s = shapes[next++];
        inputs.push_back(
            make_tensor<int64_t>(type, {s.size()}, std::vector<int64_t>(s.begin(), s.end())));
      }
    }
    return evaluate_graph(values_, inputs)[0];
  }

 private:
  // Takes note of the lengths that a constant names; false if the node cannot be asked.
  bool note(const GraphNode& n) {
    if (n.op != &constant_op) return n.op->evaluate && !n.op->has(kRandom | kStateful);
    const Tensor& value = n.fact().value;
    if (value.get_size() > kMostElements) return false;
    if (n.fact().type != element::i64 && n.fact().type != element::i32) return true;
    for (int64_t x : load<int64_t>(value)) {
      const int64_t length = x < 0 ? -(x + 1) + 1 : x;
      if (length >= kEndless || length < 2) continue;
      if (length > kLongestWindow) return false;
      lengths_.push_back(length);
    }
    return true;
  }

  // Shapes of what the mask takes shapes of, by inference over the whole graph before it.
  std::vector<Shape> shapes_for(const Lengths& l) const {
    Graph graph;
    std::unordered_map<OutputRef, OutputRef, OutputRefHash> copies;
    std::unordered_set<NodeId> needed;
    const auto leaf = [](const GraphNode& n) { return n.is("ReadValue") || n.op == &constant_op; };
    for (OutputRef s : shapes_)
      for (NodeId id : makers(g_, s.node, leaf)) needed.insert(id);
    for (NodeId id : g_.order()) {
      if (!needed.count(id)) continue;
      const GraphNode& n = g_[id];
      if (n.op == &parameter_op || n.is("ReadValue")) {
        copies[{id, 0}] = graph.add_parameter(n.fact().type, leaf_shape(id, l), n.name);
        continue;
      }
      std::vector<OutputRef> inputs;
      for (OutputRef s : n.inputs) inputs.push_back(s.valid() ? copies.at(s) : s);
      const NodeId copy = graph.arena->add_copy(n, std::move(inputs));
      for (uint32_t i = 0; i < n.outputs.size(); ++i) {
        copies[{id, i}] = {copy, i};
        graph.add_result({copy, i});
      }
    }
    graph.infer();
    std::vector<Shape> shapes;
    for (OutputRef s : shapes_) shapes.push_back(graph.fact(copies.at(s)).shape.to_shape());
    return shapes;
  }

  PartialShape leaf_shape(NodeId id, const Lengths& l) const {
    const GraphNode& n = g_[id];
    PartialShape s = n.fact().shape;
    if (!s.rank_is_static() || s.size() == 0) return s;
    s[0] = Dimension(l.batch);
    if (n.is("ReadValue")) {
      if (s.size() == 4) s[2] = Dimension(l.past);
      return s;
    }
    const bool whole = OutputRef{id, 0} == padding_ || n.name == "attention_mask";
    if (s.size() > 1 && beam_ != OutputRef{id, 0}) s[1] = Dimension(whole ? l.all() : l.fresh);
    return s;
  }

  const Graph& g_;
  OutputRef mask_, beam_, padding_;
  size_t padding_parameter_ = 0;
  Graph values_;                   // the mask's own arithmetic
  std::vector<OutputRef> shapes_;  // whose shapes are its parameters, in order, padding left out
  std::vector<int64_t> lengths_;
};

// A mask for some lengths, element by element.
class Answer {
 public:
  Answer(const Tensor& mask, const Lengths& l, int64_t heads)
      : values_(load<double>(mask)), boolean_(mask.get_element_type() == element::boolean) {
    const int64_t extents[4] = {l.batch, heads, l.fresh, l.all()};
    const Shape& s = mask.get_shape();
    fits_ = s.size() <= 4;
    int64_t step = 1;
    for (size_t i = s.size(); fits_ && i-- > 0; step *= int64_t(s[i])) {
      const size_t axis = i + 4 - s.size();
      fits_ = s[i] == 1 || int64_t(s[i]) == extents[axis];
      steps_[axis] = s[i] == 1 ? 0 : step;
    }
  }
  bool fits() const { return fits_; }
  double at(int64_t b, int64_t h, int64_t s, int64_t t) const {
    const double x = values_[size_t(b * steps_[0] + h * steps_[1] + s * steps_[2] + t * steps_[3])];
    return !boolean_ ? x : x != 0 ? 0 : -INFINITY;
  }
  bool seen(int64_t b, int64_t s, int64_t t) const { return at(b, 0, s, t) > kHidden; }

 private:
  std::vector<double> values_;
  bool boolean_, fits_ = false;
  int64_t steps_[4] = {};
};

bool agrees(const MaskSense& sense, const Answer& answer, const Lengths& l, int64_t heads,
            const std::vector<int64_t>& padding) {
  for (int64_t b = 0; b < l.batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t s = 0; s < l.fresh; ++s)
        for (int64_t t = 0; t < l.all(); ++t) {
          const bool sees = t <= l.past + s && (!sense.window || t > l.past + s - sense.window) &&
                            padding[size_t(b * l.all() + t)] != 0;
          const double x = answer.at(b, h, s, t);
          if (sees != (x > kHidden)) return false;
          const double added = sense.slopes.empty() ? 0 : sense.slopes[size_t(h)] * double(t);
          if (sees && std::abs(x - added) > 1e-6 * (1 + std::abs(added))) return false;
        }
  return true;
}

}  // namespace

std::optional<MaskSense> sense_of_mask(const Graph& g, OutputRef mask, OutputRef cache,
                                       OutputRef beam, int64_t heads) {
  Probe probe(g, mask, beam);
  if (rank_of(g, cache) != 4 || !probe.prepare()) return std::nullopt;
  std::vector<Lengths> tries{{1, 0, 5}, {2, 7, 1}, {2, 3, 4}, {3, 0, 1}};
  const size_t padded = tries.size();  // the others hide nothing, so that a window shows
  for (int64_t n : probe.lengths())
    for (int64_t around : {n - 1, n, n + 1}) tries.push_back({1, around, 2});
  tries.push_back({1, kFar, 2});
  MaskSense sense;
  sense.padding = probe.padding();
  std::mt19937 random(1);
  std::vector<std::vector<int64_t>> paddings;
  std::vector<Answer> answers;
  for (size_t i = 0; i < tries.size(); ++i) {
    const Lengths& l = tries[i];
    std::vector<int64_t>& padding = paddings.emplace_back(size_t(l.batch * l.all()), int64_t(1));
    if (sense.padding.valid() && i < padded)
      for (size_t e = 0; e < padding.size(); ++e)
        padding[e] = int64_t(e) % l.all() < 2 ? 1 : int64_t(random() % 2);
    answers.emplace_back(probe.ask(l, padding), l, heads);
    const Answer& answer = answers.back();
    if (!answer.fits()) return std::nullopt;
    if (i < padded) continue;
    int64_t first = 0;  // key that the last query sees
    while (first < l.all() && !answer.seen(0, l.fresh - 1, first)) ++first;
    if (first > 0) sense.window = l.all() - first;
  }
  for (int64_t h = 0; h < heads; ++h)
    sense.slopes.push_back(float(answers[0].at(0, h, 1, 1) - answers[0].at(0, h, 1, 0)));
  if (std::all_of(sense.slopes.begin(), sense.slopes.end(), [](float x) { return x == 0; }))
    sense.slopes.clear();
  for (size_t i = 0; i < tries.size(); ++i)
    if (!agrees(sense, answers[i], tries[i], heads, paddings[i])) return std::nullopt;
  return sense;
}

}  // namespace vireo::passes
