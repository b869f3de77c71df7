// Arena: nodes, and who reads whom.
#include <algorithm>
#include <atomic>

#include "core/graph.h"

namespace vireo {
namespace {

uint64_t next_uid() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

bool same_dims(const Fact& a, const Fact& b) {
  if (a.dims.has_value() != b.dims.has_value()) return false;
  return !a.dims || *a.dims == *b.dims;
}

bool same_fact(const Fact& a, const Fact& b) {
  return a.type == b.type && a.shape == b.shape && bool(a.value) == bool(b.value) &&
         (!a.value || a.value.same_buffer(b.value)) && same_dims(a, b);
}

// Unknown extents of a parameter are unknowns of their own: a symbol each.
Attrs with_symbols(const Attrs& attrs) {
  ParameterAttrs a = attrs.as<ParameterAttrs>();
  for (Dimension& d : a.shape)
    if (d.is_dynamic() && d.symbol() == 0) d = d.with_symbol(Dimension::new_symbol());
  return a;
}

}  // namespace

void Arena::check_sources(const std::vector<OutputRef>& sources) const {
  for (OutputRef s : sources)
    VIREO_ASSERT(s.node < nodes_.size() && s.index < nodes_[s.node]->outputs.size());
}

std::vector<Fact> Arena::infer_outputs(const OpDef& op, const Attrs& attrs, std::string_view name,
                                       const std::vector<OutputRef>& inputs) const {
  std::vector<const Fact*> facts;
  facts.reserve(inputs.size());
  for (OutputRef s : inputs) facts.push_back(&fact(s));
  return infer_facts(op, attrs, name, std::move(facts));
}

NodeId Arena::add(const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs, std::string name) {
  check_sources(inputs);
  const NodeId id = NodeId(nodes_.size());
  if (name.empty()) name = fmt::format("{}_{}", op.name, id);
  if (&op == &parameter_op) attrs = with_symbols(attrs);
  std::vector<Fact> facts = infer_outputs(op, attrs, name, inputs);
  auto node = std::make_unique<GraphNode>();
  node->uid = next_uid();
  node->op = &op;
  node->attrs = std::move(attrs);
  node->name = std::move(name);
  node->inputs = std::move(inputs);
  node->outputs.resize(facts.size());
  for (size_t i = 0; i < facts.size(); ++i) node->outputs[i].fact = std::move(facts[i]);
  nodes_.push_back(std::move(node));
  for (size_t i = 0; i < nodes_[id]->inputs.size(); ++i)
    add_use(nodes_[id]->inputs[i], {id, uint32_t(i)});
  return id;
}

NodeId Arena::add_copy(const GraphNode& source, std::vector<OutputRef> inputs) {
  check_sources(inputs);
  const NodeId id = NodeId(nodes_.size());
  auto node = std::make_unique<GraphNode>(source);
  node->uid = next_uid();
  node->linked = true;
  node->inputs = std::move(inputs);
  for (GraphOutput& o : node->outputs) o.uses.clear();
  nodes_.push_back(std::move(node));
  for (size_t i = 0; i < nodes_[id]->inputs.size(); ++i)
    add_use(nodes_[id]->inputs[i], {id, uint32_t(i)});
  return id;
}

OutputRef Arena::add_constant(Tensor value, std::string name) {
  return {add(constant_op, ConstantAttrs{std::move(value)}, {}, std::move(name)), 0};
}

void Arena::add_use(OutputRef source, Use use) {
  GraphNode& producer = *nodes_[source.node];
  producer.outputs[source.index].uses.push_back(use);
  if (producer.linked) return;
  producer.linked = true;
  for (size_t i = 0; i < producer.inputs.size(); ++i)
    add_use(producer.inputs[i], {source.node, uint32_t(i)});
}

void Arena::remove_use(OutputRef source, Use use) {
  auto& uses = nodes_[source.node]->outputs[source.index].uses;
  for (size_t i = 0; i < uses.size(); ++i)
    if (uses[i].node == use.node && uses[i].index == use.index) {
      uses.erase(uses.begin() + int64_t(i));
      return;
    }
}

void Arena::set_input(NodeId id, size_t i, OutputRef source) {
  GraphNode& node = *nodes_[id];
  VIREO_ASSERT(i < node.inputs.size());
  check_sources({source});
  if (node.linked) remove_use(node.inputs[i], {id, uint32_t(i)});
  node.inputs[i] = source;
  if (node.linked) add_use(source, {id, uint32_t(i)});
}

void Arena::set_inputs(NodeId id, std::vector<OutputRef> sources) {
  check_sources(sources);
  GraphNode& node = *nodes_[id];
  for (size_t i = 0; node.linked && i < node.inputs.size(); ++i)
    remove_use(node.inputs[i], {id, uint32_t(i)});
  node.inputs = std::move(sources);
  for (size_t i = 0; node.linked && i < node.inputs.size(); ++i)
    add_use(node.inputs[i], {id, uint32_t(i)});
}

void Arena::set_attrs(NodeId id, Attrs attrs) {
  nodes_[id]->attrs = nodes_[id]->op == &parameter_op ? with_symbols(attrs) : std::move(attrs);
}

void Arena::replace_uses(OutputRef from, OutputRef to) {
  check_sources({from, to});
  if (from == to) return;
  std::vector<Use> uses = std::move(nodes_[from.node]->outputs[from.index].uses);
  nodes_[from.node]->outputs[from.index].uses.clear();
  for (const Use& use : uses) {
    // What `to` itself is made of goes on reading `from`: inserting a node behind an output is a
    // replacement too.
    if (use.node == to.node) {
      nodes_[from.node]->outputs[from.index].uses.push_back(use);
      continue;
    }
    nodes_[use.node]->inputs[use.index] = to;
    add_use(to, use);
  }
}

bool Arena::infer(NodeId id) {
  GraphNode& node = *nodes_[id];
  std::vector<Fact> facts = infer_outputs(*node.op, node.attrs, node.name, node.inputs);
  bool changed = facts.size() != node.outputs.size();
  if (facts.size() > node.outputs.size()) node.outputs.resize(facts.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    changed |= !same_fact(facts[i], node.outputs[i].fact);
    node.outputs[i].fact = std::move(facts[i]);
  }
  return changed;
}

void Arena::detach(NodeId id) {
  std::vector<NodeId> stack{id};
  while (!stack.empty()) {
    const NodeId at = stack.back();
    stack.pop_back();
    GraphNode& node = *nodes_[at];
    const bool read = std::any_of(node.outputs.begin(), node.outputs.end(),
                                  [](const GraphOutput& o) { return !o.uses.empty(); });
    if (!node.linked || read) continue;
    node.linked = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      remove_use(node.inputs[i], {at, uint32_t(i)});
      const GraphNode& source = *nodes_[node.inputs[i].node];
      if (!source.op->has(kStructural | kSink) || &constant_op == source.op)
        stack.push_back(node.inputs[i].node);
    }
  }
}

NodeId Arena::absorb(Arena& other) {
  VIREO_ASSERT(&other != this && !other.forward_ && !forward_);
  const NodeId offset = NodeId(nodes_.size());
  for (auto& node : other.nodes_) {
    for (OutputRef& s : node->inputs) s.node += offset;
    for (GraphOutput& o : node->outputs)
      for (Use& use : o.uses) use.node += offset;
    nodes_.push_back(std::move(node));
  }
  other.nodes_.clear();
  other.forward_ = shared_from_this();
  other.forward_offset_ = offset;
  return offset;
}

}  // namespace vireo
