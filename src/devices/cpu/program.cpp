// Lowering: dense numbers for values and nodes, executors, groups, bodies.
#include "devices/cpu/program.h"

#include <algorithm>
#include <unordered_map>

#include "core/hollow.h"
#include "devices/cpu/lower/groups.h"
#include "devices/cpu/lower/kv_layout.h"

namespace vireo::cpu {

namespace {

const Body* find_body(const AttrValue& value) { return std::get_if<Body>(&value.value); }

// Constant subgraphs that the passes left, folded once for all plans.
void fold(Program& program, const BoundNode& node) {
  const OpDef* op = node.node->op;
  if (!op->evaluate || node.inputs.empty() || op->has(kRandom | kStateful | kSink | kStructural))
    return;
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

// The body with the constants that the node hands in: weights are packed when the program is made,
// not at every run.
std::shared_ptr<const Graph> with_constants(const Body& body, const Program& program,
                                            const BoundNode& node) {
  std::shared_ptr<Graph> graph;
  for (const BodyInput& in : body.inputs) {
    if (in.input < 0 || in.back_edge >= 0 || in.axis != -1) continue;
    const ValueId v = node.inputs[size_t(in.input)];
    if (v == kNone32 || !program.values[v].fact.value) continue;
    if (!graph) graph = body.graph->clone();
    graph->arena->replace_uses({graph->parameters[size_t(in.parameter)], 0},
                               graph->add_constant(program.values[v].fact.value));
  }
  if (!graph) return body.graph;
  graph->infer();
  return graph;
}

void bind_control(Program& program, BoundNode& node, const std::vector<Variable>& variables) {
  for (const auto& [name, value] : list_attrs(node.node->attrs)) {
    if (const Body* body = find_body(value))
      if (body->graph) {
        node.bodies.push_back(make_program(with_constants(*body, program, node), program.config,
                                           program.isa, program.packed, &variables));
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
  node.refused = "no kernel for this operator";
  const NodeView view(program, node);
  for (const NodeKind* kind : find_kinds(*node.node)) {
    node.refused = kind->refusal ? kind->refusal(view) : std::string();
    if (!node.refused.empty()) continue;
    node.kind = kind;
    if (kind->prepare) node.prepared = kind->prepare(view);
    return;
  }
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

// Weights that only packed copies stand for are let go. A stand-in of the same shape keeps the
// graph readable.
void release_packed(Program& program) {
  constexpr size_t kWorthIt = 4096;
  std::vector<uint32_t> packed(program.values.size());
  for (const BoundNode& node : program.nodes)
    if (node.prepared && node.kind && node.kind->packs_input >= 0)
      ++packed[node.inputs[size_t(node.kind->packs_input)]];
  for (BoundNode& node : program.nodes) {
    if (node.node->op != &constant_op) continue;
    Value& value = program.values[node.outputs[0]];
    const element::Type type = value.fact.type;
    if (packed[node.outputs[0]] == 0 || packed[node.outputs[0]] != value.reads ||
        type == element::string || value.fact.value.get_byte_size() < kWorthIt)
      continue;
    program.released_bytes += value.fact.value.get_byte_size();
    // Elements of less than a byte have no strides; who packs such says in its attributes what they
    // were.
    const element::Type whole = type.is_packed() ? element::Type(element::u8) : type;
    const Tensor stand_in = hollow(whole, value.fact.shape.to_shape());
    GraphNode& edited = program.graph->arena->edit(node.id);
    edited.attrs = Attrs(ConstantAttrs{stand_in});
    edited.outputs[0].fact.value = value.fact.value = stand_in;
    edited.outputs[0].fact.type = value.fact.type = whole;
  }
}

}  // namespace

std::shared_ptr<Program> make_program(std::shared_ptr<const Graph> graph,
                                      const CompileConfig& config, IsaSet isa,
                                      std::shared_ptr<PackedWeights> packed,
                                      const std::vector<Variable>* outer) {
  auto program = std::make_shared<Program>();
  program->packed = std::move(packed);
  program->graph = std::move(graph);
  program->config = config;
  program->isa = isa;
  program->variables = outer ? *outer : program->graph->variables;
  number(*program, program->variables);
  find_kv_layout(*program);
  for (const BoundNode& node : program->nodes)
    if (node.node->op == &constant_op)
      program->weight_bytes += program->values[node.outputs[0]].fact.value.get_byte_size();
  for (BoundNode& node : program->nodes) bind_executor(*program, node);
  find_groups(*program);
  count_uses(*program);
  program->static_shapes = program->variables.empty();
  for (ValueId v : program->parameters) program->static_shapes &= program->values[v].is_static;
  if (!program->static_shapes) program->shape_rules = find_shape_rules(*program);
  if (!outer) release_packed(*program);
  return program;
}

}  // namespace vireo::cpu
