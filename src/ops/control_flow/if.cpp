// If: one of two bodies, by a boolean.
#include "core/values.h"
#include "ops/control_flow/control_flow.h"

namespace vireo::ops {

void visit(AttrVisitor& v, If& a) {
  v.on("then_body", a.then_body);
  v.on("else_body", a.else_body);
}

namespace {

std::vector<Fact> branch(InferContext& c, const Body& body) {
  std::vector<Fact> parameters(body.graph->parameters.size());
  for (const BodyInput& map : body.inputs)
    if (map.input >= 0) parameters[size_t(map.parameter)] = c.input(size_t(map.input));
  const std::vector<Fact> results = infer_body(*body.graph, parameters);
  std::vector<Fact> out;
  for (const BodyOutput& map : body.outputs) {
    if (map.output < 0) c.fail("a body gives output {}", map.output);
    if (out.size() <= size_t(map.output)) out.resize(size_t(map.output) + 1);
    out[size_t(map.output)] = results[size_t(map.result)];
  }
  return out;
}

void infer(InferContext& c) {
  c.expect_inputs(1, SIZE_MAX);
  const auto& a = c.attrs<If>();
  if (c.type(0).is_static() && c.type(0) != element::boolean)
    c.fail("the condition must be boolean, got {}", c.type(0).name());
  if (c.shape(0).is_static() && shape_size(c.shape(0).to_shape()) != 1)
    c.fail("the condition has shape {}, one element is needed", c.shape(0).to_string());
  check_ports(c, a.then_body, "then_body");
  check_ports(c, a.else_body, "else_body");
  const auto known = c.ints(0);
  if (known && known->size() == 1) {
    c.outputs() = branch(c, (*known)[0] ? a.then_body : a.else_body);
    return;
  }
  std::vector<Fact> then_facts = branch(c, a.then_body), else_facts = branch(c, a.else_body);
  if (then_facts.size() != else_facts.size())
    c.fail("then_body gives {} outputs, else_body {}", then_facts.size(), else_facts.size());
  for (size_t i = 0; i < then_facts.size(); ++i) {
    const Fact fact = cover(c, then_facts[i], else_facts[i]);
    c.set_output(i, fact.type, fact.shape);
  }
}

void evaluate(EvalContext& c) {
  const auto& a = c.attrs<If>();
  if (c.input(0).get_size() != 1)
    c.fail("the condition has shape {}, one element is needed", c.shape(0).to_string());
  const Body& body = load<int64_t>(c.input(0))[0] ? a.then_body : a.else_body;
  std::vector<Tensor> inputs(body.graph->parameters.size());
  for (const BodyInput& map : body.inputs)
    if (map.input >= 0) inputs[size_t(map.parameter)] = c.input(size_t(map.input));
  const std::vector<Tensor> results =
      evaluate_graph(*body.graph, inputs, {c.variables, c.cancelled, c.cancel_context});
  for (const BodyOutput& map : body.outputs)
    c.set_output(size_t(map.output), results.at(size_t(map.result)));
}

}  // namespace

// Stateful, since a body may be: never folded by itself.
VIREO_DEFINE_OP(if_8){"If", 8, &kAttrType<If>, infer, evaluate, Tolerance::Accumulate, kStateful};

}  // namespace vireo::ops
