// Runs the text cases of this folder; see README.md.
#include <gtest/gtest.h>

#include <cctype>
#include <map>

#include "base/support/parse.h"
#include "core/evaluate.h"
#include "passes/case_file.h"
#include "passes/precision/precision.h"
#include "passes/stages.h"
#include "passes/verify.h"

namespace vireo {
namespace {

using passes::Rule;

const std::vector<PassCase>& cases() {
  static const std::vector<PassCase> all = read_cases(VIREO_TESTS_DIR "/passes");
  return all;
}

const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> all = [] {
    std::map<std::string, Rule> by_name;
    for (const Rule& rule : passes::all_rules()) by_name.emplace(rule.name, rule);
    return by_name;
  }();
  return all;
}

void run_stage(Graph& graph, const std::string& name) {
  if (name == "all") {
    graph = *normalise(graph);
    return;
  }
  if (name == "bf16")
    return narrow_activations(graph, {element::bf16, [](const Graph&, NodeId) { return true; }});
  if (name == "fold-constants") return passes::fold_constants(graph, {});
  if (name == "merge-equal-nodes") return passes::merge_equal_nodes(graph);
  if (name == "channels-last") return passes::make_channels_last(graph);
  const auto rule = rules().find(name);
  if (rule == rules().end()) FAIL() << "there is no rule '" << name << "'";
  passes::rewrite(graph, {rule->second});
}

std::shared_ptr<Graph> passed(const PassCase& c, const Graph& before) {
  if (c.rules.empty()) return normalise(before);
  const std::shared_ptr<Graph> graph = before.clone();
  for (const std::string& name : c.rules) run_stage(*graph, name);
  return graph;
}

// Variables of an evaluation, kept from one to the next.
class Variables : public VariableStore {
 public:
  Tensor* find(const std::string& id) override {
    const auto it = values_.find(id);
    return it == values_.end() ? nullptr : &it->second;
  }
  void assign(const std::string& id, const Tensor& value) override { next_[id] = value; }
  void commit() {
    for (auto& [id, value] : next_) values_[id] = value;
  }

 private:
  std::map<std::string, Tensor> values_, next_;
};

// The shapes of a `where` line, for parameters that it does not name their own.
std::vector<Shape> shapes_of(const Graph& graph, const std::string& line, int64_t unknown) {
  std::map<std::string, Shape> given;
  for (std::string_view word : split(line, ' ')) {
    const size_t at = word.find('=');
    if (at == std::string_view::npos) continue;
    given[std::string(word.substr(0, at))] = PartialShape(word.substr(at + 1)).to_shape();
  }
  std::vector<Shape> shapes;
  for (NodeId id : graph.parameters) {
    const auto it = given.find(graph[id].name);
    if (it != given.end()) {
      shapes.push_back(it->second);
      continue;
    }
    Shape shape;
    for (const Dimension& d : graph[id].fact().shape)
      shape.push_back(size_t(d.is_static() ? d.get_length() : unknown));
    shapes.push_back(shape);
  }
  return shapes;
}

// Evaluates both with the same random inputs; twice, if there are states. False if the graph is
// none for these shapes.
bool compare_outputs(const Graph& before, const Graph& after, const std::vector<Shape>& shapes,
                     double tolerance) {
  Variables old_states, new_states;
  for (unsigned round = 1; round <= (before.sinks.empty() ? 1u : 3u); ++round) {
    const std::vector<Tensor> inputs = passes::random_inputs(before, shapes, round);
    std::vector<Tensor> want;
    try {
      want = evaluate_graph(before, inputs, &old_states);
    } catch (const Error&) {
      return false;
    }
    EXPECT_EQ(passes::difference(evaluate_graph(after, inputs, &new_states), want, tolerance), "");
    old_states.commit();
    new_states.commit();
  }
  return true;
}

class PassCases : public testing::TestWithParam<size_t> {};

TEST_P(PassCases, Case) {
  const PassCase& c = cases()[GetParam()];
  const std::shared_ptr<Graph> before = case_graph(c.before);
  const std::string text = case_text(*before);
  const std::shared_ptr<Graph> after = passed(c, *before);
  EXPECT_EQ(case_text(*before), text) << "the graph given was changed";
  ASSERT_TRUE(c.unchanged || !c.after.empty()) << "the graph now is\n" << case_text(*after);
  const std::shared_ptr<Graph> want = case_graph(c.unchanged ? c.before : c.after);
  EXPECT_EQ(structural_difference(*after, *want), "") << "the graph now is\n" << case_text(*after);
  bool compared = false;
  for (const std::string& line : c.where) {
    SCOPED_TRACE(line);
    EXPECT_TRUE(compare_outputs(*before, *after, shapes_of(*before, line, 1), c.tolerance))
        << "the graph is none for these shapes";
    compared = true;
  }
  for (int64_t unknown = 1; c.where.empty() && unknown <= 3; ++unknown)
    compared |= compare_outputs(*before, *after, shapes_of(*before, "", unknown), c.tolerance);
  EXPECT_TRUE(compared) << "no shapes were found to evaluate with: a line 'where' is needed";
}

std::string test_name(const testing::TestParamInfo<size_t>& info) {
  std::string name = cases()[info.param].file + "_" + cases()[info.param].name;
  for (char& ch : name)
    if (!std::isalnum(static_cast<unsigned char>(ch))) ch = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Text, PassCases, testing::Range(size_t(0), cases().size()), test_name);

TEST(Passes, EveryRuleHasACaseWhereItFiresAndOneWhereItMustNot) {
  std::map<std::string, std::pair<int, int>> counts;
  for (const PassCase& c : cases())
    for (const std::string& rule : c.rules)
      ++(c.unchanged ? counts[rule].second : counts[rule].first);
  for (const auto& [name, rule] : rules()) {
    EXPECT_GT(counts[name].first, 0) << "no case shows what '" << name << "' does";
    EXPECT_GT(counts[name].second, 0) << "no case shows where '" << name << "' must not fire";
  }
}

}  // namespace
}  // namespace vireo
