// Nodes in the order of their dependencies. Most files are sorted already; ONNX demands it,
// exporters forget it.
#include <unordered_map>
#include <unordered_set>

#include "base/support/error.h"
#include "frontends/onnx/convert/session.h"

namespace vireo::onnx {
namespace {

using Producers = std::unordered_map<std::string_view, size_t>;

using Names = std::unordered_set<std::string_view>;

// Producers of the names that a node reads, those that its subgraphs read from outside included;
// `hidden` are the names that the enclosing subgraphs define themselves.
void dependencies(const NodeProto& node, const Producers& producers, const Names& hidden,
                  std::vector<size_t>& out) {
  const auto read = [&](std::string_view name, const Names& local) {
    if (auto it = producers.find(name); it != producers.end() && !local.count(name))
      out.push_back(it->second);
  };
  for (std::string_view name : node.input) read(name, hidden);
  for (const AttributeProto& a : node.attribute)
    for (const GraphProto& g : a.g) {
      Names local = hidden;
      for (const ValueInfoProto& v : g.input) local.insert(v.name);
      for (const TensorProto& t : g.initializer) local.insert(t.name);
      for (const NodeProto& inner : g.node) local.insert(inner.output.begin(), inner.output.end());
      for (const NodeProto& inner : g.node) dependencies(inner, producers, local, out);
      for (const ValueInfoProto& o : g.output) read(o.name, local);
    }
}

struct Visit {
  size_t node;
  std::vector<size_t> needs;
  size_t next = 0;
};

}  // namespace

std::vector<const NodeProto*> sorted(const std::vector<NodeProto>& nodes) {
  Producers producers;
  for (size_t i = 0; i < nodes.size(); ++i)
    for (std::string_view name : nodes[i].output)
      if (!name.empty() && !producers.emplace(name, i).second)
        fail(ErrorCode::InvalidModel, "value '{}' is produced twice", name);
  enum State : char { New, Open, Done };
  std::vector<char> state(nodes.size(), New);
  std::vector<const NodeProto*> order;
  std::vector<Visit> stack;
  const auto open = [&](size_t i) {
    state[i] = Open;
    stack.push_back({i, {}});
    dependencies(nodes[i], producers, {}, stack.back().needs);
  };
  for (size_t root = 0; root < nodes.size(); ++root) {
    if (state[root] == New) open(root);
    while (!stack.empty()) {
      Visit& top = stack.back();
      if (top.next == top.needs.size()) {
        state[top.node] = Done;
        order.push_back(&nodes[top.node]);
        stack.pop_back();
        continue;
      }
      const size_t need = top.needs[top.next++];
      if (state[need] == Open)
        fail(ErrorCode::InvalidModel, "node '{}' ({}) is part of a cycle: it needs its own output",
             nodes[need].name, nodes[need].op_type);
      if (state[need] == New) open(need);
    }
  }
  return order;
}

}  // namespace vireo::onnx
