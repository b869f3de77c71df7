// Patch: collect, then apply and infer what changed.
#include "core/patch.h"

#include <algorithm>

#include "base/support/parse.h"
#include "core/hollow.h"

namespace vireo {
namespace {

constexpr const char* kFusedNames = "fused_names_0";

bool same_kind(const Fact& a, const Fact& b) {
  return a.same_kind(b) && bool(a.value) == bool(b.value);
}

void move_names(GraphOutput& from, GraphOutput& to) {
  for (std::string& name : from.names)
    if (std::find(to.names.begin(), to.names.end(), name) == to.names.end())
      to.names.push_back(std::move(name));
  from.names.clear();
}

}  // namespace

OutputRef Patch::add(const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs,
                     std::string name) {
  const bool unnamed = name.empty();
  const NodeId id = graph_.arena->add(op, std::move(attrs), std::move(inputs), std::move(name));
  if (unnamed) unnamed_.push_back(id);
  return {id, 0};
}

OutputRef Patch::constant(Tensor value, std::string name) {
  return graph_.add_constant(std::move(value), std::move(name));
}
void Patch::replace(OutputRef from, OutputRef to) { replacements_.emplace_back(from, to); }
void Patch::set_input(NodeId node, size_t index, OutputRef source) {
  inputs_.push_back({node, index, source});
}
void Patch::set_attrs(NodeId node, Attrs attrs) { attrs_.emplace_back(node, std::move(attrs)); }

void Patch::credit(NodeId to, NodeId from) {
  std::vector<std::string> names;
  GraphNode& node = graph_.arena->edit(to);
  if (const RtInfo* info = node.rt_info.find(kFusedNames))
    for (std::string_view s : split(info->value, ',')) names.emplace_back(s);
  for (const std::string& name : original_names(graph_[from]))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ",") + name;
  node.rt_info.at(kFusedNames).value = joined;
}

void Patch::apply() {
  Arena& arena = *graph_.arena;
  std::vector<NodeId> dirty;
  for (auto& [id, attrs] : attrs_) {
    arena.set_attrs(id, std::move(attrs));
    dirty.push_back(id);
  }
  for (const InputEdit& e : inputs_) {
    const OutputRef old = arena.input(e.node, e.index);
    if (!same_kind(arena.fact(old), arena.fact(e.source))) dirty.push_back(e.node);
    arena.set_input(e.node, e.index, e.source);
    if (!arena.producer(old).op->has(kStructural)) {
      arena.detach(old.node);
      detached_.push_back(old.node);
    }
  }
  for (const auto& [from, to] : replacements_) {
    if (!same_kind(arena.fact(from), arena.fact(to)))
      for (const Use& use : arena.output(from).uses)
        if (use.node != to.node) dirty.push_back(use.node);
    arena.replace_uses(from, to);
    move_names(arena.edit(from.node).outputs[from.index], arena.edit(to.node).outputs[to.index]);
    if (std::find(unnamed_.begin(), unnamed_.end(), to.node) != unnamed_.end())
      arena.edit(to.node).name = arena[from.node].name;
    if (!arena[from.node].op->has(kStructural | kSink)) {
      arena.detach(from.node);
      detached_.push_back(from.node);
    }
  }
  if (dirty.empty()) return;
  // In order, so that each node is inferred once and only while facts change.
  std::vector<bool> marked(arena.size());
  for (NodeId id : dirty) marked[id] = true;
  for (NodeId id : graph_.order()) {
    if (!marked[id] || !arena.infer(id)) continue;
    for (const GraphOutput& o : arena[id].outputs)
      for (const Use& use : o.uses) marked[use.node] = true;
  }
}

void Patch::release_unread() {
  std::unordered_set<NodeId> seen;
  while (!detached_.empty()) {
    const NodeId id = detached_.back();
    detached_.pop_back();
    const GraphNode& node = graph_[id];
    if (node.linked || !seen.insert(id).second) continue;  // linked: somebody reads it
    if (node.op == &constant_op) hollow_constant(*graph_.arena, id);
    for (OutputRef source : node.inputs) detached_.push_back(source.node);
  }
}

std::vector<std::string> original_names(const GraphNode& node) {
  std::vector<std::string> names;
  if (const RtInfo* info = node.rt_info.find(kFusedNames))
    for (std::string_view s : split(info->value, ',')) names.emplace_back(s);
  if (names.empty()) names.push_back(node.name);
  return names;
}

}  // namespace vireo
