// Bodies, symbols and the order of evaluation, which cases in text cannot say.
#include <gtest/gtest.h>

#include <map>

#include "core/evaluate.h"
#include "core/values.h"
#include "ops/control_flow/control_flow.h"
#include "ops/registry.h"

namespace vireo {
namespace {

OutputRef node(Graph& g, const char* op, std::vector<OutputRef> inputs,
               const AttrList& attrs = {}) {
  return {add_op(g, op, 16, std::move(inputs), attrs), 0};
}
OutputRef ints(Graph& g, const std::vector<int64_t>& values) {
  return g.add_constant(make_i64(values));
}
OutputRef scalar(Graph& g, int64_t value) { return g.add_constant(make_i64_scalar(value)); }
OutputRef yes(Graph& g) { return g.add_constant(make_tensor<int64_t>(element::boolean, {}, {1})); }

Tensor floats(const std::vector<double>& values) {
  return make_tensor<double>(element::f32, {values.size()}, values);
}

// x -> x + 1, and x as it was; goes on while the sum of x is under a limit.
std::shared_ptr<Graph> counting_body(double limit) {
  auto g = std::make_shared<Graph>();
  const OutputRef x = g->add_parameter(element::f32, PartialShape{Dimension(2)}, "x");
  const OutputRef next = node(*g, "Concat", {x}, {{"axis", 0}});
  const OutputRef first = node(*g, "Gather", {x, ints(*g, {0}), scalar(*g, 0)});
  const OutputRef more =
      node(*g, "Less", {first, g->add_constant(make_tensor<double>(element::f32, {1}, {limit}))});
  const OutputRef sum =
      node(*g, "Add", {next, g->add_constant(make_tensor<double>(element::f32, {}, {1}))});
  g->add_result(node(*g, "Reshape", {more, ints(*g, {})}, {{"special_zero", false}}));
  g->add_result(sum);
  return g;
}

Graph loop_graph(int64_t trips, double limit) {
  Graph g;
  const OutputRef x = g.add_parameter(element::f32, PartialShape{Dimension(2)}, "x");
  Body body{counting_body(limit), {{2, 0, 1}}, {{-1, 0}, {0, 1}, {1, 1, 0}}};
  const NodeId loop = add_op(g, "Loop", 5, {scalar(g, trips), yes(g), x}, {{"body", body}});
  g.add_result({loop, 0});
  g.add_result({loop, 1});
  return g;
}

TEST(Loop, CarriesConcatenatesAndStops) {
  const Graph g = loop_graph(-1, 2.5);
  const std::vector<Tensor> out = evaluate_graph(g, {floats({0, 10})});
  EXPECT_EQ(load<double>(out[0]), (std::vector<double>{4, 14}));
  EXPECT_EQ(load<double>(out[1]), (std::vector<double>{1, 11, 2, 12, 3, 13, 4, 14}));
}

TEST(Loop, TripCountOfZeroGivesTheStart) {
  const Graph g = loop_graph(0, 100);
  EXPECT_EQ(g.fact({g.arena->input(g.results[1], 0)}).shape.to_string(), "[0]");
  const std::vector<Tensor> out = evaluate_graph(g, {floats({5, 6})});
  EXPECT_EQ(load<double>(out[0]), (std::vector<double>{5, 6}));
  EXPECT_EQ(out[1].get_shape(), (Shape{0}));
}

TEST(Loop, StopsWhenCancelled) {
  const Graph g = loop_graph(-1, 1e30);
  int polls = 0;
  EvaluateOptions options;
  options.cancel_context = &polls;
  options.cancelled = [](const void* p) { return ++*static_cast<int*>(const_cast<void*>(p)) > 50; };
  EXPECT_THROW(evaluate_graph(g, {floats({0, 0})}, options), Cancelled);
}

// A carried value that grows: its shape is found by widening.
TEST(Loop, InfersShapesThatGrow) {
  auto body = std::make_shared<Graph>();
  const OutputRef x = body->add_parameter(element::f32, PartialShape{Dimension(1)}, "x");
  body->add_result(body->add_constant(make_tensor<int64_t>(element::boolean, {}, {1})));
  body->add_result(node(*body, "Concat", {x, x}, {{"axis", 0}}));
  Graph g;
  const OutputRef start = g.add_parameter(element::f32, PartialShape{Dimension(1)}, "start");
  const NodeId loop = add_op(g, "Loop", 5, {scalar(g, 3), yes(g), start},
                             {{"body", Body{body, {{2, 0, 1}}, {{-1, 0}, {0, 1}}}}});
  EXPECT_TRUE(g.fact({loop, 0}).shape[0].is_dynamic());
  g.add_result({loop, 0});
  EXPECT_EQ(evaluate_graph(g, {floats({1})})[0].get_shape(), (Shape{8}));
}

TEST(TensorIterator, SlicesBackwards) {
  auto body = std::make_shared<Graph>();
  const OutputRef x = body->add_parameter(element::f32, PartialShape{Dimension(1)}, "x");
  body->add_result(node(*body, "Add", {x, x}));
  Graph g;
  const OutputRef all = g.add_parameter(element::f32, PartialShape{Dimension()}, "all");
  BodyInput backwards{0, 0, -1, 0, -1, 0, -1, 1};
  BodyOutput joined{0, 0, 0};
  const NodeId loop =
      add_op(g, "TensorIterator", 1, {all}, {{"body", Body{body, {backwards}, {joined}}}});
  g.add_result({loop, 0});
  EXPECT_EQ(load<double>(evaluate_graph(g, {floats({1, 2, 3})})[0]),
            (std::vector<double>{6, 4, 2}));
}

TEST(If, MergesShapesAndTakesOneBranch) {
  auto branch = [](std::vector<int64_t> repeats) {
    auto g = std::make_shared<Graph>();
    const OutputRef x = g->add_parameter(element::f32, PartialShape{Dimension(2)}, "x");
    g->add_result(node(*g, "Tile", {x, ints(*g, repeats)}));
    return Body{g, {{1, 0}}, {{0, 0}}};
  };
  Graph g;
  const OutputRef condition = g.add_parameter(element::boolean, PartialShape{}, "condition");
  const OutputRef x = g.add_parameter(element::f32, PartialShape{Dimension(2)}, "x");
  const NodeId id =
      add_op(g, "If", 8, {condition, x}, {{"then_body", branch({1})}, {"else_body", branch({3})}});
  EXPECT_EQ(g.fact({id, 0}).shape.to_string(), "[2..6]");
  g.add_result({id, 0});
  const Tensor no = make_tensor<int64_t>(element::boolean, {}, {0});
  EXPECT_EQ(load<double>(evaluate_graph(g, {no, floats({1, 2})})[0]),
            (std::vector<double>{1, 2, 1, 2, 1, 2}));
}

struct Variables : VariableStore {
  std::map<std::string, Tensor> values;
  Tensor* find(const std::string& id) override { return values.count(id) ? &values[id] : nullptr; }
  void assign(const std::string& id, const Tensor& value) override { values[id] = value; }
};

TEST(State, IsReadThenAssigned) {
  Graph g;
  const OutputRef x = g.add_parameter(element::f32, PartialShape{Dimension(1)}, "x");
  const AttrList read = {{"variable_id", "v"},
                         {"variable_type", element::Type(element::f32)},
                         {"variable_shape", PartialShape{Dimension(1)}}};
  const OutputRef before = node(g, "ReadValue", {x}, read);
  const OutputRef sum = node(g, "Add", {before, x});
  g.sinks.push_back(node(g, "Assign", {sum}, {{"variable_id", "v"}}).node);
  g.add_result(sum);
  Variables store;
  EXPECT_EQ(load<double>(evaluate_graph(g, {floats({1})}, &store)[0])[0], 2);
  EXPECT_EQ(load<double>(evaluate_graph(g, {floats({1})}, &store)[0])[0], 3);
}

// The way that exporters write a reshape by the batch: symbols and plain numbers survive it.
TEST(Symbols, PassThroughShapeArithmetic) {
  Graph g;
  const Dimension batch = Dimension().with_symbol(Dimension::new_symbol()),
                  length = Dimension().with_symbol(Dimension::new_symbol());
  const OutputRef x =
      g.add_parameter(element::f32, PartialShape{batch, length, Dimension(768)}, "x");
  const OutputRef shape = node(g, "ShapeOf", {x}, {{"output_type", element::Type(element::i64)}});
  const OutputRef leading =
      node(g, "Gather", {shape, ints(g, {0, 1}), scalar(g, 0)}, {{"batch_dims", 0}});
  const OutputRef pattern = node(g, "Concat", {leading, ints(g, {12, -1})}, {{"axis", 0}});
  const OutputRef split = node(g, "Reshape", {x, pattern}, {{"special_zero", false}});
  const PartialShape& out = g.fact(split).shape;
  EXPECT_EQ(out.to_string(), "[?,?,12,64]");
  EXPECT_TRUE(out[0].same(batch));
  EXPECT_TRUE(out[1].same(length));
  const OutputRef moved = node(g, "Transpose", {split, ints(g, {0, 2, 1, 3})});
  const OutputRef back = node(g, "Transpose", {moved, ints(g, {0, 2, 1, 3})});
  const OutputRef joined =
      node(g, "Reshape", {back, ints(g, {0, 0, 768})}, {{"special_zero", true}});
  EXPECT_TRUE(g.fact(joined).shape[1].same(length));
}

}  // namespace
}  // namespace vireo
