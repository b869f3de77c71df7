// Lowering: dense numbers for values and nodes, executors, groups, bodies.
#include "devices/cpu/program.h"

#include <algorithm>
#include <unordered_map>

#include "devices/cpu/lower/groups.h"

namespace vireo::cpu {

namespace {

const Body* find_body(const AttrValue& value) { return std::get_if<Body>(&value.value); }

// Constant subgraphs that the passes left, folded once for all plans.
void fold(Program& program, const BoundNode& node) {
  const OpDef* op = node.node->op;
  if (!op->evaluate || node.inputs.empty() || op->has(kRandom | kStateful | kSink | kStructural)) return;
  std::vector<Tensor> inputs;
  for (ValueId v : node.inputs) {
    if (v == kNone32 || !program.values[v].fact.value) return;
    inputs.push_back(program.values[v].fact.value);
  }
  bool known = true;
  for (ValueId v : node.outputs) known &= bool(program.values[v].fact.value);
  if (known) return;
  std::vector<Tensor> outputs = evaluate_op(*op, node.node->attrs, node.node->name, inputs);
  for (size_t i = 0; i < node.outputs.size() && i < outputs.size(); ++i) {
    Value& value = program.values[node.outputs[i]];
    value.fact.value = outputs[i];
    value.fact.type = outputs[i].get_element_type();
    value.fact.shape = PartialShape(outputs[i].get_shape());
    value.is_static = true;
    program.weight_bytes += outputs[i].get_byte_size();
  }
}

void bind_control(Program& program, BoundNode& node, const std::vector<Variable>& variables) {
  for (const auto& [name, value] : list_attrs(node.node->attrs)) {
    if (const Body* body = find_body(value))
      if (body->graph) {
        node.bodies.push_back(make_program(body->graph, program.config, &variables));
        node.ports.push_back(*body);
      }
    if (name == "variable_id")
      if (const auto* id = std::get_if<std::string>(&value.value))
        for (uint32_t i = 0; i < variables.size(); ++i)
          if (variables[i].id == *id) node.variable = i;
  }
}

void bind_executor(const Program& program, BoundNode& node) {
  const OpDef* op = node.node->op;
  if (op->has(kStructural) || !node.bodies.empty() || node.variable != kNone32) return;
  bool known = !node.outputs.empty();
  for (ValueId v : node.outputs) known &= bool(program.values[v].fact.value);
  if (known) return;
  const NodeKind* kind = find_kind(*node.node);
  if (!kind) {
    node.refused = "no kernel for this operator";
    return;
  }
  const NodeView view(program, node);
  node.refused = kind->refusal ? kind->refusal(view) : std::string();
  if (!node.refused.empty()) return;
  node.kind = kind;
  if (kind->prepare) node.prepared = kind->prepare(view);
}

void count_uses(Program& program) {
  for (uint32_t n = 0; n < program.nodes.size(); ++n) {
    const BoundNode& node = program.nodes[n];
    const uint32_t at = node.leader == kNone32 ? n : node.leader;
    for (ValueId v : node.inputs) {
      if (v == kNone32) continue;
      program.values[v].last_use = std::max(program.values[v].last_use, at);
      ++program.values[v].reads;
    }
  }
  for (ValueId v : program.results) {
    program.values[v].last_use = uint32_t(program.nodes.size());
    ++program.values[v].reads;
  }
}

void number(Program& program, const std::vector<Variable>& variables) {
  const Graph& graph = *program.graph;
  std::unordered_map<OutputRef, ValueId, OutputRefHash> ids;
  for (NodeId id : graph.order()) {
    BoundNode node;
    node.id = id;
    node.node = &graph[id];
    for (OutputRef in : node.node->inputs) {
      const auto found = ids.find(in);
      node.inputs.push_back(!in.valid() || found == ids.end() ? kNone32 : found->second);
    }
    for (uint32_t i = 0; i < node.node->outputs.size(); ++i) {
      const ValueId v = ValueId(program.values.size());
      Value value;
      value.ref = {id, i};
      value.fact = node.node->outputs[i].fact;
      value.is_static = value.fact.shape.is_static() && value.fact.type.is_static();
      value.maker = uint32_t(program.nodes.size());
      ids[value.ref] = v;
      program.values.push_back(std::move(value));
      node.outputs.push_back(v);
    }
    if (node.node->is("ReadValue"))
      for (ValueId v : node.outputs) program.values[v].is_static = false;
    bind_control(program, node, variables);
    fold(program, node);
    program.nodes.push_back(std::move(node));
  }
  for (NodeId id : graph.parameters) program.parameters.push_back(ids.at({id, 0}));
  for (NodeId id : graph.results) program.results.push_back(ids.at(graph[id].inputs[0]));
}

}  // namespace

std::shared_ptr<Program> make_program(std::shared_ptr<const Graph> graph, const CompileConfig& config,
                                      const std::vector<Variable>* outer) {
  auto program = std::make_shared<Program>();
  program->graph = std::move(graph);
  program->config = config;
  program->isa = active_isa();
  if (!config.isa_cap.empty()) program->isa = IsaSet(program->isa.bits() & parse_isa_cap(config.isa_cap).bits());
  program->variables = outer ? *outer : program->graph->variables;
  number(*program, program->variables);
  for (BoundNode& node : program->nodes) bind_executor(*program, node);
  find_groups(*program);
  count_uses(*program);
  program->static_shapes = program->variables.empty();
  for (ValueId v : program->parameters) program->static_shapes &= program->values[v].is_static;
  for (const BoundNode& node : program->nodes)
    if (node.node->op == &constant_op) program->weight_bytes += program->values[node.outputs[0]].fact.value.get_byte_size();
  return program;
}

}  // namespace vireo::cpu
