// Graph: a model over an arena. Order, inference, reshaping, cloning; the structural operators.
#include "core/graph.h"

#include <algorithm>
#include <unordered_map>

namespace vireo {

void visit(AttrVisitor& v, ParameterAttrs& a) {
  v.on("shape", a.shape);
  v.on("element_type", a.element_type);
}
void visit(AttrVisitor& v, ConstantAttrs& a) { v.on("value", a.value); }

namespace {

void infer_parameter(InferContext& c) {
  const auto& a = c.attrs<ParameterAttrs>();
  c.set_output(0, a.element_type, a.shape);
}
void infer_constant(InferContext& c) {
  const Tensor& value = c.attrs<ConstantAttrs>().value;
  if (!value) c.fail("has no value");
  c.set_output(0, value.get_element_type(), value.get_shape());
  c.set_value(0, value);
}
void infer_result(InferContext& c) {
  c.expect_inputs(1, 1);
  c.outputs().assign(1, c.input(0));
}
void evaluate_result(EvalContext& c) { c.set_output(0, c.input(0)); }
void evaluate_constant(EvalContext& c) { c.set_output(0, c.attrs<ConstantAttrs>().value); }

}  // namespace

VIREO_DEFINE_OP(parameter_op){"Parameter",     1,       &kAttrType<ParameterAttrs>,
                              infer_parameter, nullptr, Tolerance::Exact,
                              kStructural};
VIREO_DEFINE_OP(constant_op){
    "Constant",       1,          &kAttrType<ConstantAttrs>, infer_constant, evaluate_constant,
    Tolerance::Exact, kStructural};
VIREO_DEFINE_OP(result_op){
    "Result", 1, &kAttrType<NoAttrs>, infer_result, evaluate_result, Tolerance::Exact, kStructural};

const RtInfo* RtInfo::find(std::string_view name) const {
  for (const auto& [key, child] : children)
    if (key == name) return &child;
  return nullptr;
}
RtInfo& RtInfo::at(const std::string& name) {
  for (auto& [key, child] : children)
    if (key == name) return child;
  children.emplace_back(name, RtInfo{});
  return children.back().second;
}
void RtInfo::erase(std::string_view name) {
  children.erase(std::remove_if(children.begin(), children.end(),
                                [&](const auto& c) { return c.first == name; }),
                 children.end());
}

OutputRef Graph::add(const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs,
                     std::string name) {
  return {arena->add(op, std::move(attrs), std::move(inputs), std::move(name)), 0};
}

OutputRef Graph::add_parameter(element::Type type, PartialShape shape, std::string name) {
  const OutputRef out =
      add(parameter_op, ParameterAttrs{type, std::move(shape)}, {}, std::move(name));
  parameters.push_back(out.node);
  return out;
}

NodeId Graph::add_result(OutputRef source, std::string name) {
  const NodeId id = arena->add(result_op, NoAttrs{}, {source}, std::move(name));
  results.push_back(id);
  return id;
}

std::vector<NodeId> Graph::order() const {
  enum : uint8_t { kNew, kOpen, kDone };
  std::vector<uint8_t> state(arena->size(), kNew);
  std::vector<NodeId> out;
  std::vector<std::pair<NodeId, size_t>> stack;
  auto visit_from = [&](NodeId root) {
    if (state[root] == kDone) return;
    stack.push_back({root, 0});
    state[root] = kOpen;
    while (!stack.empty()) {
      auto& [id, next] = stack.back();
      const GraphNode& node = (*arena)[id];
      if (next == node.inputs.size()) {
        state[id] = kDone;
        out.push_back(id);
        stack.pop_back();
        continue;
      }
      const NodeId source = node.inputs[next++].node;
      if (state[source] == kOpen)
        fail(ErrorCode::InvalidModel, "{} '{}' depends on itself: the graph has a cycle",
             (*arena)[source].op->name, (*arena)[source].name);
      if (state[source] == kNew) {
        state[source] = kOpen;
        stack.push_back({source, 0});
      }
    }
  };
  for (NodeId id : parameters) visit_from(id);
  for (NodeId id : results) visit_from(id);
  for (NodeId id : sinks) visit_from(id);
  return out;
}

void Graph::infer() {
  for (NodeId id : order()) arena->infer(id);
}

void Graph::reshape(const std::vector<std::pair<NodeId, PartialShape>>& shapes) {
  std::vector<std::pair<NodeId, Attrs>> before;
  for (const auto& [id, shape] : shapes) {
    before.emplace_back(id, (*this)[id].attrs);
    ParameterAttrs a = (*this)[id].attrs.as<ParameterAttrs>();
    a.shape = shape;
    arena->set_attrs(id, a);
  }
  try {
    infer();
  } catch (...) {
    for (auto& [id, attrs] : before) arena->set_attrs(id, attrs);
    infer();
    throw;
  }
}

std::shared_ptr<Graph> Graph::clone(std::vector<NodeId>* ids) const {
  auto copy = std::make_shared<Graph>();
  copy->name = name;
  copy->rt_info = rt_info;
  copy->variables = variables;
  std::vector<NodeId> map(arena->size(), ~0u);
  for (NodeId id : order()) {
    const GraphNode& node = (*arena)[id];
    std::vector<OutputRef> inputs = node.inputs;
    for (OutputRef& s : inputs) s.node = map[s.node];
    map[id] = copy->arena->add_copy(node, std::move(inputs));
  }
  auto mapped = [&](const std::vector<NodeId>& list) {
    std::vector<NodeId> out;
    for (NodeId id : list) out.push_back(map[id]);
    return out;
  };
  copy->parameters = mapped(parameters);
  copy->results = mapped(results);
  copy->sinks = mapped(sinks);
  if (ids) *ids = std::move(map);
  return copy;
}

Variable* Graph::find_variable(std::string_view id) {
  for (Variable& v : variables)
    if (v.id == id) return &v;
  return nullptr;
}

void Graph::follow() {
  while (arena->forward()) {
    const NodeId offset = arena->forward_offset();
    for (auto* list : {&parameters, &results, &sinks})
      for (NodeId& id : *list) id += offset;
    arena = arena->forward();
  }
}

}  // namespace vireo
